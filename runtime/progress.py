"""Progress as people expect it: on a terminal a live line, elsewhere a line now and then.

Everything goes to stderr; stdout is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.words import block

if TYPE_CHECKING:
    from rich.progress import Progress as RichBar
    from rich.progress import TaskID

SHOWN = {
    "loss": "loss",
    "rollout/reward/mean": "reward",
    "rollout/completion": "completion",
    "eval/score/mean": "eval",
}
"""Metrics worth a place on the line, and their short names."""


class Phase(Protocol):
    """A part of a run that reports steps."""

    def step(self, step: int, total: int, metrics: Mapping[str, float]) -> None:
        """Step `step` of `total` is done."""
        ...

    def alert(self, firings: Sequence[Firing]) -> None:
        """Show at once what has fired after a step."""
        ...


class Progress(Protocol):
    """Shows how a run comes along."""

    def phase(self, name: str) -> AbstractContextManager[Phase]:
        """Show a phase while the context lasts."""
        ...


class _Figures:
    """The latest figure of each shown metric; an evaluation stays until the next."""

    def __init__(self) -> None:
        self._latest: dict[str, float] = {}

    def update(self, metrics: Mapping[str, float]) -> str:
        self._latest |= {SHOWN[name]: value for name, value in metrics.items() if name in SHOWN}
        if "reward" in self._latest:
            self._latest.pop("loss", None)  # of a policy-gradient step it says nothing
        return "  ".join(f"{name} {value:.3f}" for name, value in self._latest.items())


class _Pace:
    """How long the rest takes, at the mean pace of this process; a resumed run starts midway."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._first: int | None = None

    def left(self, step: int, total: int) -> str:
        self._first = step - 1 if self._first is None else self._first
        each = (time.monotonic() - self._started) / (step - self._first)
        return _clock(each * (total - step))


class PlainProgress:
    """One line at the start of a phase, one for each tenth of it, one at the end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Print as the phase goes on."""
        started = time.monotonic()
        print(f"{name} …", file=self._stream, flush=True)
        yield _PlainPhase(name, self._stream)
        print(f"{name} done in {_clock(time.monotonic() - started)}", file=self._stream, flush=True)


class _PlainPhase:
    def __init__(self, name: str, stream: TextIO) -> None:
        self._name, self._stream = name, stream
        self._figures, self._pace = _Figures(), _Pace()

    def step(self, step: int, total: int, metrics: Mapping[str, float]) -> None:
        """Print a line at each tenth of the way."""
        figures, left = self._figures.update(metrics), self._pace.left(step, total)
        if step % max(1, total // 10) and step != total:
            return
        line = f"{self._name}  step {step}/{total}  {figures}  {left} left"
        print(line, file=self._stream, flush=True)

    def alert(self, firings: Sequence[Firing]) -> None:
        """Print a block each."""
        for firing in firings:
            print("\n".join(block(firing)), file=self._stream, flush=True)


class RichProgress:
    """A live bar with the same figures."""

    @contextmanager
    def phase(self, name: str) -> Iterator[Phase]:
        """Show a bar while the phase lasts, and leave it when it ends."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[news]}"),
            console=Console(stderr=True),
        )
        with bar:
            phase = _RichPhase(bar, bar.add_task(name, total=None, news=""))
            yield phase
            phase.finish()


class _RichPhase:
    def __init__(self, bar: RichBar, task: TaskID) -> None:
        self._bar, self._task = bar, task
        self._figures, self._pace = _Figures(), _Pace()

    def step(self, step: int, total: int, metrics: Mapping[str, float]) -> None:
        """Move the bar."""
        figures, left = self._figures.update(metrics), self._pace.left(step, total)
        news = f"step {step}/{total}  {figures}" + (f"  {left} left" if step < total else "")
        self._bar.update(self._task, completed=step, total=total, news=news)

    def alert(self, firings: Sequence[Firing]) -> None:
        """Print above the bar, which stays below; text as it is, not as markup."""
        from rich.text import Text

        for firing in firings:
            for index, line in enumerate(block(firing)):
                style = "" if index else "bold yellow"
                self._bar.console.print(Text(line, style=style), soft_wrap=True)

    def finish(self) -> None:
        """Fill the bar, also of a phase without steps."""
        self._bar.update(self._task, completed=1, total=1)


def progress_for(stream: TextIO) -> Progress:
    """Live on a terminal, plain elsewhere."""
    return RichProgress() if stream.isatty() else PlainProgress(stream)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
