"""The budget of an endpoint: what a run has spent, and the end of it.

A resumed run starts with what the kept answers cost; attempts of an earlier process that failed
are forgotten. Processes side by side each count their own requests.
"""

from __future__ import annotations

from collections.abc import Iterable

from mrlc.runtime.endpoint.completion import Completion
from mrlc.runtime.errors import RemoteFailed
from mrlc.schemas.endpoint import CallBudget


class Spending:
    """Counts requests and tokens against a limit."""

    def __init__(self, budget: CallBudget | None, *, path: str) -> None:
        self.calls = 0
        self.tokens = 0
        self._budget = budget
        self._path = f"{path}.budget"

    def count_kept(self, completions: Iterable[Completion]) -> None:
        """Count answers that an earlier process of the run paid for."""
        if self._budget is not None:
            for completion in completions:
                self.calls += 1
                self.tokens += completion.tokens

    def begin(self) -> None:
        """Count a request that is about to be sent.

        Raises:
            RemoteFailed: the budget is spent.
        """
        limits = self._budget
        if limits is not None and limits.calls is not None and self.calls >= limits.calls:
            raise self._spent("calls", limits.calls)
        if limits is not None and limits.tokens is not None and self.tokens >= limits.tokens:
            raise self._spent("tokens", limits.tokens)
        self.calls += 1

    def end(self, tokens: int) -> None:
        """Count what a request took; it may overshoot, as only the answer tells."""
        self.tokens += tokens

    def _spent(self, what: str, limit: int) -> RemoteFailed:
        return RemoteFailed(
            f"the budget of {limit} {what} ({self._path}) is spent, and the run is not done; "
            f"raise `{what}` and compile, then run again, or ask less often"
        )
