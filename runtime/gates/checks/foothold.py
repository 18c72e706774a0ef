"""V2: the base model succeeds now and then."""

from __future__ import annotations

from math import ceil, log

from mrlc.runtime.evaluate import SUCCESS
from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, PASS, Finding, gate
from mrlc.runtime.gates.offender import offenders
from mrlc.runtime.intervals import binomial_lower, binomial_upper

RATES = (0.01, 0.02, 0.05)
"""Of success, for which the power is told."""
RAREST = 0.01
"""Success rarer than this is no foothold: most steps of a usual batch would see none."""
BASELINE = ("model", "warm_start", "environment", "turns", "algorithm.temperature", "data.train")
"""What rollouts of the base model come of."""


@gate("V2", "foothold", bound=(*BASELINE, "evaluation.scorer"), kind="statistical")
def foothold(case: Case) -> Finding:
    """The base model succeeds now and then.

    What never succeeds is never reinforced. One success among the baseline rollouts is enough. None
    is a finding only with enough rollouts: a true rate of 1% shows none in 100 of them 37% of the
    time.

    Where it fails, make the tasks easier, add demonstrations, or start from a stronger model.
    """
    wide = case.baseline.wide
    hits = sum(rollout.evaluation == SUCCESS for rollout in case.baseline.all)
    n, k = len(wide), sum(rollout.evaluation == SUCCESS for rollout in wide)
    numbers = {
        "rollouts": n,
        "successes": k,
        "rate_95": [round(binomial_lower(k, n), 4), round(binomial_upper(k, n), 4)] if n else None,
        "unscorable": case.baseline.unscorable,
        "detected_at": {f"{rate:g}": needed(rate) for rate in RATES},
        "missed_in_as_many": {f"{rate:g}": round((1 - rate) ** n, 4) for rate in RATES},
    }
    if hits:
        said = (
            f"{hits} of {len(case.baseline.all)} rollouts succeed, {k} of {n} on tasks of their own"
        )
        return Finding(PASS, said, numbers=numbers)
    failed = offenders(wide[:3], "no success")
    if n >= needed(RAREST):
        said = f"none of {n} rollouts succeeds: the rate is below 1%"
        help = "make the tasks easier, add demonstrations, or start from a stronger model"
        return Finding(FAIL, said, help, numbers, offenders=failed)
    missed = f"{(1 - RAREST) ** n:.0%}"
    said = f"none of {n} rollouts succeeds, as {missed} of such samples would at a rate of 1%"
    return Finding(INSUFFICIENT, said, None, numbers, needed(RAREST), failed)


def needed(rate: float, confidence: float = 0.95) -> int:
    """Rollouts that show at least one success of this rate, so often."""
    return ceil(log(1 - confidence) / log(1 - rate))
