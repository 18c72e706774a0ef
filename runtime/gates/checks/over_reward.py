"""R4: nothing is paid like a success that is none."""

from __future__ import annotations

from collections.abc import Sequence

from mrlc.runtime.evaluate import SUCCESS
from mrlc.runtime.gates.bounds import below, decides_at
from mrlc.runtime.gates.case import ROUNDING, Case, Paid
from mrlc.runtime.gates.checks.foothold import BASELINE
from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, OFFENDERS, PASS, Finding, gate
from mrlc.runtime.gates.offender import offenders
from mrlc.runtime.gates.rollouts import Rollout

RAREST = 0.05
"""Share of rollouts in which over-reward must be ruled out."""
CHANCE = 0.5
"""AUC of a reward that knows nothing of success."""


@gate(
    "R4",
    "over-reward",
    bound=(*BASELINE, "reward", "evaluation.scorer", "gates.success_threshold"),
    kind="statistical",
)
def over_reward(case: Case) -> Finding:
    """Nothing is paid like a success that is none.

    (a) A reward from `gates.success_threshold` of the highest on implies success. (b) A success
    earns the highest reward. (c) The reward ranks successes above failures: the AUC of reward
    against evaluation. (d) How much can be paid, and was paid, without success. Partial credit is
    no fault; paying it in full is, and so is a success that is paid less than it could be.

    Read the offenders: mostly a parser is lenient, or a component pays for form.
    """
    baseline = case.baseline
    return judged(baseline.all, case.paid, case.threshold, independent=len(baseline.wide))


def judged(
    rollouts: Sequence[Rollout], paid: Paid, threshold: float, *, independent: int
) -> Finding:
    """The verdict on rollouts, so many of which are independent."""
    hits = [one for one in rollouts if one.evaluation == SUCCESS]
    misses = [one for one in rollouts if one.evaluation != SUCCESS]
    over = sorted((one for one in misses if _total(one) >= threshold), key=_total, reverse=True)
    under = [one for one in hits if _total(one) < paid.high - ROUNDING]
    area = auc([*map(_total, hits)], [*map(_total, misses)])
    unearned = max(map(_total, misses), default=None)
    numbers = {
        "rollouts": len(rollouts),
        "independent": independent,
        "successes": len(hits),
        "paid_as_success": len(over),
        "successes_paid_less": len(under),
        "auc": None if area is None else round(area, 4),
        "most_without_success": None if unearned is None else round(unearned, 9),
        "bound_without_success": paid.unearned,
    }
    found = [
        *offenders(over, "paid as a success, and is none (a)"),
        *offenders(under, "a success that is paid less than the most (b)"),
    ][:OFFENDERS]
    if found:
        said = (
            f"{len(over)} of {len(misses)} failures are paid as successes, "
            f"{len(under)} of {len(hits)} successes less than the most"
        )
        return Finding(
            FAIL, said, "read the offenders; tighten what pays them", numbers, offenders=found
        )
    if area is not None and area < CHANCE:
        said = f"the reward ranks failures above successes: AUC {area:.2f}"
        return Finding(FAIL, said, "the reward works against the evaluation", numbers)
    return _enough(independent, area, numbers)


def _enough(n: int, area: float | None, numbers: dict[str, float | int | None]) -> Finding:
    """No offender: whether that says anything."""
    if below(0, n, RAREST) != PASS:
        more = decides_at(0, n, lambda k, trials: below(k, trials, RAREST))
        return Finding(
            INSUFFICIENT, f"no offender in only {n} independent rollouts", None, numbers, more
        )
    if area is None:
        which = "success" if not numbers["successes"] else "failure"
        said = f"no offender in {numbers['rollouts']} rollouts, but no {which} to compare with"
        help = "V2 asks for a first success" if which == "success" else "choose harder tasks"
        return Finding(INSUFFICIENT, said, help, numbers)
    most = f"without success at most {numbers['most_without_success']:g} was paid"
    said = f"no offender in {numbers['rollouts']} rollouts; AUC {area:.2f}; {most}"
    return Finding(PASS, said, numbers=numbers)


def auc(hits: Sequence[float], misses: Sequence[float]) -> float | None:
    """The chance that a success earns more than a failure, ties by half; None without both."""
    if not hits or not misses:
        return None
    wins = sum((hit > miss) + (hit == miss) / 2 for hit in hits for miss in misses)
    return wins / (len(hits) * len(misses))


def _total(rollout: Rollout) -> float:
    assert rollout.reward is not None
    return round(rollout.reward.total, 9)
