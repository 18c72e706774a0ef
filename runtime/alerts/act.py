"""What a run tells of its firings, once they are on file: at once here, in the background elsewhere.

    the terminal     a block, between the lines of progress
    the job's log    a line that SageMaker reads metrics from, for the alarm of each rule
    channels         those that the rule names

Whether the training goes on is not decided here: `sentry` ends it, `ending` says how.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from mrlc.runtime.alerts.ending import Ending
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.sentry import OnFirings
from mrlc.runtime.alerts.words import one_line
from mrlc.runtime.notify.deliver import Courier
from mrlc.runtime.progress import Phase
from mrlc.runtime.record import RunFolder


def telling(phase: Phase, courier: Courier) -> OnFirings:
    """Tells the person who watches a phase, and the channels."""

    def tell(firings: Sequence[Firing]) -> None:
        phase.alert(firings)
        courier.post(firings)

    return tell


def sentence(run: RunFolder, ending: Ending) -> str:
    """How a run that an alert has ended is told of, on one line."""
    for line in (run.path / "alerts.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if (row["rule"], row["step"]) == (ending.rule, ending.step):
            change = f". First change: {one_line(row['first_change'])}" * bool(row["first_change"])
            return f"{ending.says}: {one_line(row['symptom'])}{change}"
    return ending.says
