"""T3: episodes come to an answer before their turns are spent."""

from __future__ import annotations

from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.checks.foothold import BASELINE
from mrlc.runtime.gates.gate import Finding, gate
from mrlc.runtime.gates.share import share_below
from mrlc.runtime.rollout.trajectory import StopCause

LIMIT = 0.1


@gate("T3", "exhaustion", bound=BASELINE, kind="statistical")
def exhaustion(case: Case) -> Finding:
    """Episodes come to an answer before their turns are spent: fewer than 10% do not.

    An episode that is cut off in the middle of its work is paid as if it had done none. The bound
    is exact: 0 of 29 rollouts pass, 1 of 46, 3 of 76, 5 of 103.

    Count the turns of a golden walk and write `turns.human`; the limit follows.
    """
    causes = {StopCause.TURNS}
    what, help = (
        "spend all their turns without an answer",
        "raise `turns.human` or `turns.max_turns`",
    )
    return share_below(case.baseline.wide, causes, limit=LIMIT, what=what, help=help)
