"""What a run does about firings: keeps them, tells of them, and stops where a rule says so.

    alerts.jsonl     each firing, a row
    the terminal     a block at once
    channels         those that the rule names, in the background
    stopped.json     the one that ends the training

The caller evaluates the rules after a step and calls this with what fired, in the first process of
a team alone; the answer is for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mrlc.runtime.alerts.ending import ends, write_end
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.words import block
from mrlc.runtime.notify.deliver import Courier
from mrlc.runtime.record import RunFolder

OnFirings = Callable[[Sequence[Firing]], bool]
"""Called with what fired after a step; whether the training is to end here."""
FIRING = "alert/firing"


class Act:
    """What one run does; an `OnFirings`."""

    def __init__(
        self, run: RunFolder, courier: Courier, say: Callable[[Sequence[str]], None]
    ) -> None:
        self._run, self._courier, self._say = run, courier, say

    def __call__(self, firings: Sequence[Firing]) -> bool:
        """Act; whether the training is to end at this step."""
        if not firings:
            return False
        self._run.append_alerts(firings)
        for firing in firings:
            self._say(block(firing))
        self._courier.post(firings)
        last = next((firing for firing in firings if ends(firing)), None)
        if last is not None:
            write_end(self._run.path, last)
        return last is not None


def alert_metrics(rules: Iterable[str], firings: Sequence[Firing]) -> dict[str, float]:
    """For the log line: how many fire at this step, and of each rule whether it does.

    The compiler defines a metric of the job for these, and an alarm on it
    (`mrlc.compiler.targets.alarms`).
    """
    names = {firing.rule for firing in firings}
    each = {f"alert/{rule}": float(rule in names) for rule in rules}
    return {FIRING: float(len(firings)), **each} if each else {}
