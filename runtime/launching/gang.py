"""The word of the hosts to each other: process 1 of each keeps a connection to the one that leads.

    lead → others   {"say": "train"}              the base model is there: start the trainers
    others → lead   {"say": "hello", "host": …}   then, at the end, done
    both ways       {"say": "failed", "message": …}   {"say": "stopped"}

A connection that ends without a last word is a host that died; keep-alive probes find one that
fell silent, in half a minute. Trainers alone could not tell: each would blame its nearest
neighbour, or wait for a time-out of hours.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import Protocol

from mrlc.runtime.launching.failure import FAULT, Failure
from mrlc.runtime.launching.hosts import Cluster

LAST_WORDS = ("done", "failed", "stopped")
MEETING_S = 600.0
"""For all hosts to appear: images load at different speeds."""
_PROBES = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}


class HostLost(Exception):
    """The job cannot go on; with the message for the user."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class OthersStopped(Exception):
    """Another host was told to stop, and so is this one, any moment."""


class Gang(Protocol):
    """This host's connections."""

    def beat(self) -> None:
        """Hear what was said.

        Raises:
            HostLost: a host died or failed.
            OthersStopped: a host was told to stop.
        """

    def say(self, word: str, message: str = "") -> None:
        """Tell the others."""

    def close(self) -> None:
        """End the connections."""


class _Line:
    """A connection that carries JSON lines."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        self.connection, self.host = connection, host
        self.last = ""
        self._rest = b""
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _PROBES.items():
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def say(self, **words: str) -> None:
        with contextlib.suppress(OSError):  # who is gone is found by listening
            self.connection.sendall(json.dumps(words).encode() + b"\n")

    def hear(self) -> list[dict[str, str]]:
        """What was said since; raises HostLost where the other is gone without a last word."""
        if self.last in LAST_WORDS:
            return []
        try:
            while data := self.connection.recv(65_536):
                self._rest += data
            is_gone = True
        except BlockingIOError:
            is_gone = False
        except OSError:
            is_gone = True
        *lines, self._rest = self._rest.split(b"\n")
        heard = [json.loads(line) for line in lines]
        for words in heard:
            self.host, self.last = words.get("host", self.host), words["say"]
        if is_gone and self.last not in LAST_WORDS:
            message = f"host {self.host} died: its connection ended without a word"
            raise HostLost(Failure(message, FAULT))
        for words in heard:
            self._judge(words)
        return heard

    def _judge(self, words: dict[str, str]) -> None:
        if words["say"] == "failed":
            message = words["message"]
            named = message if self.host in message else f"host {self.host} failed: {message}"
            raise HostLost(Failure(named, FAULT))
        if words["say"] == "stopped":
            raise OthersStopped


class Lead:
    """The connections of the host that leads."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._door = socket.create_server(
            ("", cluster.port + 1), reuse_port=False, backlog=len(cluster.hosts)
        )
        self._door.setblocking(False)
        self._lines: list[_Line] = []
        self._until = time.monotonic() + MEETING_S

    @property
    def is_complete(self) -> bool:
        """Whether every other host has said hello."""
        return len(self._present()) == len(self._cluster.hosts) - 1

    @property
    def is_done(self) -> bool:
        """Whether every other host has done its share."""
        return self.is_complete and all(line.last == "done" for line in self._lines)

    def beat(self) -> None:
        """Hear the others, and let in who comes."""
        with contextlib.suppress(BlockingIOError):
            connection, address = self._door.accept()
            self._lines.append(_Line(connection, address[0]))
        for line in self._lines:
            line.hear()
        if not self.is_complete and time.monotonic() > self._until:
            absent = ", ".join(sorted(set(self._cluster.hosts[1:]) - self._present()))
            raise HostLost(Failure(f"host {absent} did not appear in {MEETING_S:.0f} s", FAULT))

    def say(self, word: str, message: str = "") -> None:
        """Tell all."""
        for line in self._lines:
            line.say(say=word, message=message)

    def close(self) -> None:
        """End the connections."""
        for line in self._lines:
            line.connection.close()
        self._door.close()

    def _present(self) -> set[str]:
        return {line.host for line in self._lines if line.last}


class Member:
    """The connection of a host that does not lead."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._line: _Line | None = None
        self._until = time.monotonic() + MEETING_S
        self.may_train = False

    def beat(self) -> None:
        """Hear the host that leads; reach it first."""
        if self._line is None:
            self._reach()
        else:
            self.may_train |= any(words["say"] == "train" for words in self._line.hear())

    def say(self, word: str, message: str = "") -> None:
        """Tell the host that leads."""
        if self._line is not None:
            self._line.say(say=word, message=message)

    def close(self) -> None:
        """End the connection."""
        if self._line is not None:
            self._line.connection.close()

    def _reach(self) -> None:
        lead, own = self._cluster.hosts[0], self._cluster.host
        try:
            address = (self._cluster.address, self._cluster.port + 1)
            connection = socket.create_connection(address, timeout=5)
        except OSError as error:
            if time.monotonic() > self._until:
                message = f"host {own} cannot reach host {lead}: {error}"
                raise HostLost(Failure(message, FAULT)) from None
            return
        self._line = _Line(connection, lead)
        self._line.say(say="hello", host=own)
