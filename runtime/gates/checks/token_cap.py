"""T2: turns end by themselves."""

from __future__ import annotations

from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.checks.foothold import BASELINE
from mrlc.runtime.gates.gate import Finding, gate
from mrlc.runtime.gates.share import share_below
from mrlc.runtime.rollout.trajectory import StopCause

LIMIT = 0.05


@gate("T2", "token cap", bound=BASELINE, kind="statistical")
def token_cap(case: Case) -> Finding:
    """Turns end by themselves: fewer than 5% of rollouts run into the tokens of a turn.

    A turn that is cut off has no call and no answer, so its episode earns nothing whatever it was
    about to say. The bound is exact: 0 of 59 rollouts pass, 1 of 93, 2 of 124; 3 of 100 are not
    enough to tell.

    Raise `turns.max_tokens`, or ask for shorter turns.
    """
    causes = {StopCause.TURN_TOKENS}
    what, help = "run into `turns.max_tokens`", "raise `turns.max_tokens`"
    return share_below(case.baseline.wide, causes, limit=LIMIT, what=what, help=help)
