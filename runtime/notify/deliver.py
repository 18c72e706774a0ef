"""Messages on their way: a thread a channel, so that none waits for another and the run for none.

`post` only puts into a queue. A message that fails is sent again, after waits that double; one that
cannot be delivered, or that finds its queue full, is a warning. `close` waits for what is under way,
so long and no longer; the threads end with the process.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.endpoint.attempts import LONGEST_WAIT_S, Transient, wait_s
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.launching.references import ENV, MANAGER, value_of
from mrlc.runtime.notify.message import Message
from mrlc.runtime.notify.sender import Refused, senders
from mrlc.runtime.seeds import derive_seed
from mrlc.schemas.notify import Channel

ATTEMPTS = 5
"""Of one message: some seven seconds of waiting, which outlasts a restart and a throttle."""
WAITING = 100
"""Messages that a channel holds; a storm of more tells nobody more."""
FLUSH_S = 30.0
"""Longest wait at the end of a run."""
JOB = "TRAINING_JOB_NAME"
"""Variable: the name of the SageMaker job that this is."""

Warn = Callable[[str], None]


def warn_on_stderr(text: str) -> None:
    """Say what went wrong with a channel."""
    print(f"warning: {text}", file=sys.stderr, flush=True)


class Courier:
    """Carries the messages of one run; a context that ends when all are delivered, or the time is."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        run_name: str,
        *,
        seed: int = 0,
        within_s: float = FLUSH_S,
        warn: Warn = warn_on_stderr,
    ) -> None:
        """Start nothing; warn of an address that is not there, while it can still be mended."""
        self._run, self._within_s = run_name, within_s
        self._lock = Lock()
        self._say = warn
        self._routes = {
            name: _Route(
                name, channel, random.Random(derive_seed(seed, "notify", name)), self._warn
            )
            for name, channel in channels.items()
        }
        for route in self._routes.values():
            route.check()

    def post(self, firings: Sequence[Firing]) -> None:
        """Send on what names a channel; returns at once."""
        for firing in firings:
            message = Message(self._run, firing, os.environ.get(JOB) or None)
            for name in firing.notify:
                if name in self._routes:
                    self._routes[name].put(message)
                else:
                    self._warn(f"there is no channel `{name}` to tell of {firing.rule}")

    def close(self) -> None:
        """Wait until all is delivered or given up, or the time is over."""
        until = time.monotonic() + self._within_s
        for route in self._routes.values():
            route.close()
        for route in self._routes.values():
            route.end(until)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _warn(self, text: str) -> None:
        with self._lock:  # threads would write into each other's lines
            self._say(text)


class _Route:
    """A channel, its queue and its thread, which begins with the first message."""

    def __init__(self, name: str, channel: Channel, jitter: random.Random, warn: Warn) -> None:
        self._name, self._channel = name, channel
        self._jitter, self._warn = jitter, warn
        self._queue: Queue[Message | None] = Queue()
        self._thread: Thread | None = None
        self._address: str | None = None
        self._is_over = Event()
        self._sending: Message | None = None

    def check(self) -> None:
        """Warn where a variable is not set; a secret is looked up when it is needed."""
        if self._channel.address.startswith(ENV):
            try:
                self._resolved()
            except PlanFault as error:
                self._warn(f"channel {self._name}: {error.message}; alerts will not reach it")

    def put(self, message: Message) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._work, name=f"notify-{self._name}", daemon=True)
            self._thread.start()
        if self._queue.qsize() < WAITING:
            self._queue.put(message)
        else:
            self._lost(message, f"{WAITING} messages are waiting already")

    def close(self) -> None:
        """The thread ends when it has done what it has."""
        self._queue.put(None)

    def end(self, until: float) -> None:
        """Let the thread finish; what it has not done by then is lost."""
        if self._thread is None:
            return
        self._thread.join(max(0.0, until - time.monotonic()))
        if not self._thread.is_alive():
            return
        self._is_over.set()
        left = [self._sending]
        with suppress(Empty):
            while True:
                left.append(self._queue.get_nowait())
        self._queue.put(None)
        for message in left:
            if message is not None:
                self._lost(message, "it was not delivered before the run was over")

    def _work(self) -> None:
        while (message := self._queue.get()) is not None:
            self._sending = message
            try:
                self._send(message)
            except Exception as error:  # noqa: BLE001 -- no fault of a channel may reach the run
                if not self._is_over.is_set():
                    self._lost(message, _cause(error))
            self._sending = None

    def _send(self, message: Message) -> None:
        """Send as often as is worth it.

        Raises:
            PlanFault: the address cannot be looked up.
            Transient: every attempt failed.
            Refused: another attempt would fail too.
        """
        address = self._resolved()
        send = senders.kinds[self._channel.kind]
        for attempt in range(ATTEMPTS):
            try:
                return send(address, message)
            except Transient as failure:
                if attempt == ATTEMPTS - 1 or failure.retry_after_s > LONGEST_WAIT_S:
                    raise Refused(f"{failure}, after {attempt + 1} attempts") from None
                if self._is_over.wait(wait_s(attempt, failure, self._jitter)):
                    raise

    def _resolved(self) -> str:
        if self._address is None:
            said = self._channel.address
            path = f"notify.{self._name}.{self._channel.kind}"
            is_reference = said.startswith((ENV, MANAGER))
            self._address = value_of(said, path, os.environ) if is_reference else said
        return self._address

    def _lost(self, message: Message, why: str) -> None:
        self._warn(f"channel {self._name} was not told of {message.firing.rule}: {why}")


def _cause(error: Exception) -> str:
    """Without what an exception of a library may quote."""
    if isinstance(error, PlanFault):
        return error.message
    return str(error) if isinstance(error, Transient | Refused) else type(error).__name__
