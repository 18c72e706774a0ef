"""One attempt at a job: its command on all hosts, until the last of them has ended.

Everything that can end an attempt is a letter: a host's end, a wish to stop, an interruption, a
fault of a service beside. The absence of one is time running out. The first cause decides how
the attempt ends, but a wish to stop outdoes a restart. From then on the hosts have their grace
period: SIGTERM at its beginning, SIGKILL at its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from queue import Empty, Queue
from time import monotonic

from mrlc.runtime.sagemaker.local.host import Host
from mrlc.runtime.sagemaker.local.job import FAILURE_LIMIT


@dataclass(frozen=True)
class Exited:
    """A host's first process ended."""

    host: Host
    code: int


@dataclass(frozen=True)
class Stop:
    """StopTrainingJob."""


@dataclass(frozen=True)
class Interrupt:
    """The instances are taken back after a grace period; of zero, they are lost at once."""

    grace_s: float


@dataclass(frozen=True)
class Broken:
    """A service beside failed."""

    cause: str


Letter = Exited | Stop | Interrupt | Broken


@dataclass(frozen=True)
class Ending:
    """How an attempt ends: the secondary status to come, and what FailureReason says."""

    status: str
    failure: str | None = None
    is_lost: bool = False
    """Whether the instances are gone, with what was not copied from them."""

    @property
    def is_to_restart(self) -> bool:
        """Whether another attempt follows."""
        return self.status in ("Interrupted", "Restarting")


class Attempt:
    """Hosts that run, and the mail about them."""

    def __init__(
        self,
        hosts: Iterable[Host],
        mail: Queue[Letter],
        *,
        grace_s: float,
        limit: tuple[float, Ending],
        interruption: Ending,
    ) -> None:
        self.running = list(hosts)
        self.mail = mail
        self.grace_s = grace_s
        self.limit_at, self.at_limit = limit
        self.interruption = interruption
        self.count = len(self.running)
        self.ending: Ending | None = None
        self.kill_at = inf

    def wait(self) -> Ending:
        """Until the last host has ended; how it went."""
        while self.running:
            match self._next():
                case Exited(host, code):
                    self.running.remove(host)
                    if code:
                        self._end(Ending("Failed", self._reason(host, code)), self.grace_s)
                case Stop():
                    self._end(Ending("Stopped"), self.grace_s)
                case Interrupt(grace_s):
                    lost = Ending(self.interruption.status, self.interruption.failure, grace_s <= 0)
                    self._end(lost, grace_s)
                case Broken(cause):
                    self._end(Ending("Failed", f"InternalServerError: {cause}"), 0)
                case None if self.ending is None:
                    self._end(self.at_limit, self.grace_s)
                case None:
                    self.kill_at = inf
                    for host in self.running:
                        host.kill()
        return self.ending or Ending("Completed")

    def _next(self) -> Letter | None:
        until = self.limit_at if self.ending is None else self.kill_at
        try:
            return self.mail.get(timeout=None if until == inf else max(0, until - monotonic()))
        except Empty:
            return None

    def _end(self, ending: Ending, grace_s: float) -> None:
        is_first = self.ending is None
        if self.ending is None or (ending.status == "Stopped" and self.ending.is_to_restart):
            self.ending = ending
        self.kill_at = min(self.kill_at, monotonic() + grace_s)
        if is_first and grace_s > 0:
            for host in self.running:
                host.terminate()

    def _reason(self, host: Host, code: int) -> str:
        """As the service says it; among several hosts, the one that failed."""
        begin = "AlgorithmError: " + (f"{host.name}: " if self.count > 1 else "")
        end = f", exit code: {code}"
        return begin + host.failure.strip()[: FAILURE_LIMIT - len(begin) - len(end)] + end
