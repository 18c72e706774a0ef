"""R2: rewards lie where the compiler proved that they must."""

from __future__ import annotations

from mrlc.runtime.gates.case import ROUNDING, Case
from mrlc.runtime.gates.checks.foothold import BASELINE
from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, PASS, Finding, gate
from mrlc.runtime.gates.offender import offenders


@gate("R2", "observed range", bound=(*BASELINE, "reward"), kind="statistical")
def observed_range(case: Case) -> Finding:
    """Rewards lie where the compiler proved that they must.

    The range of the composed reward follows from its components, exactly. A reward seen outside of
    it means that a component does not keep its word, and everything that is scaled by the range
    (limits, alerts, comparisons between runs) is wrong.

    Mend the component that is largest among the offenders.
    """
    paid = [rollout.reward.total for rollout in case.baseline.all if rollout.reward]
    low, high = case.paid.low, case.paid.high
    if not paid:
        return Finding(INSUFFICIENT, "no rollout could be scored", decides_at=1)
    numbers = {"low": low, "high": high, "least": round(min(paid), 9), "most": round(max(paid), 9)}
    outside = [
        rollout
        for rollout in case.baseline.all
        if rollout.reward and not low - ROUNDING <= rollout.reward.total <= high + ROUNDING
    ]
    seen = f"seen {min(paid):g} to {max(paid):g}, proved {low:g} to {high:g}"
    if outside:
        found = offenders(outside, f"outside of {low:g} to {high:g}")
        said = f"{len(outside)} of {len(paid)} rewards lie outside: {seen}"
        return Finding(FAIL, said, None, numbers, offenders=found)
    return Finding(PASS, seen, numbers=numbers)
