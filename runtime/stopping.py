"""Being asked to stop: at the next step boundary where there are steps, at once elsewhere.

A run can be killed at any moment and goes on from what is on disk. So there is nothing to unwind:
outside a training the process ends where it is, and within one it ends after a checkpoint, which
saves the steps since the last.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mrlc.runtime.team import ALONE, Team

if TYPE_CHECKING:
    from transformers import TrainerCallback

STOPPED = 143
"""Exit code of a process that was asked to stop, as a shell says SIGTERM."""


class Stop:
    """Whether a stop was asked for, and whether to wait for a step boundary."""

    def __init__(self) -> None:
        self._is_asked = False
        self._waits = False

    def ask(self, *_: object) -> None:
        """Ask; serves as a signal handler."""
        self._is_asked = True
        if not self._waits:
            self.end()

    def listen(self) -> None:
        """Hear SIGTERM."""
        signal.signal(signal.SIGTERM, self.ask)

    def end(self) -> None:
        """End the process, not unwinding: an exception may be swallowed wherever it strikes."""
        os._exit(STOPPED)

    @contextmanager
    def at_boundaries(self) -> Iterator[None]:
        """Stop only where `callback` says, as long as this lasts."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
        if self._is_asked:
            self.end()

    def callback(self, team: Team = ALONE) -> TrainerCallback:
        """A callback that ends a training at a step boundary, with a checkpoint."""
        from transformers import TrainerCallback

        class StopAtBoundary(TrainerCallback):  # type: ignore[misc] # transformers is untyped
            def on_step_end(callback, args: Any, state: Any, control: Any, **_: Any) -> None:
                # A signal reaches the processes at different steps; they must stop at the same.
                if team.any(self._is_asked):
                    self._is_asked = True
                    control.should_save = control.should_training_stop = True

        return StopAtBoundary()


NEVER = Stop()
"""Of a run that listens to no signal."""
