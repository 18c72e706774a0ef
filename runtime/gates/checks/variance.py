"""R3: groups differ, so that there is something to learn from."""

from __future__ import annotations

from collections.abc import Sequence

from mrlc.runtime.gates.bounds import above, decides_at
from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.checks.foothold import BASELINE
from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, Finding, gate
from mrlc.runtime.gates.offender import offender
from mrlc.runtime.gates.rollouts import Rollout
from mrlc.runtime.gates.signal import predicted

LEAST = 0.1
"""Share of groups that must differ: below one in ten, nine tenths of the rollouts buy nothing."""
ENOUGH = 100
"""Rollouts without one group that differs are a finding; the guide asks for as many."""


@gate(
    "R3",
    "variance within groups",
    bound=(*BASELINE, "reward", "algorithm.group_size"),
    kind="statistical",
)
def variance(case: Case) -> Finding:
    """Groups differ, so that there is something to learn from.

    An episode is compared with the others of its task. Where all of a group earn the same, nobody
    learns. What counts is the share of groups whose rewards differ; rewards that vary over all
    rollouts show nothing, for a set of tasks of which half are always 0 and half always 1 varies
    and teaches nothing.

    Where it fails, pay for partial success, or choose tasks that are sometimes solved. The
    figures tell the share to expect at other group sizes.
    """
    size = case.experiment.algorithm.group_size
    return judged(case.baseline.groups, size)


def judged(groups: Sequence[Sequence[Rollout]], size: int) -> Finding:
    """The verdict on groups of rollouts; each task counts once, by its first `size` members."""
    rewards = [[one.reward.total for one in group if one.reward] for group in groups]
    whole = [values[:size] for values in rewards if len(values) >= size]
    n, k = len(whole), sum(_differs(values) for values in whole)
    signal = predicted(rewards)
    numbers = {"groups": n, "informative": k, "group_size": size, "signal": signal}
    said = f"{k} of {n} groups of {size} differ in reward"
    if here := signal.get(str(size)):
        said += f"; expect {here['per_1024']:g} informative groups in 1,024 rollouts"
    verdict = FAIL if not k and n * size >= ENOUGH else above(k, n, LEAST)
    more = None
    if verdict == INSUFFICIENT:
        trials = decides_at(k, n, lambda hits, trials: above(hits, trials, LEAST))
        more = None if trials is None else trials * size
    help = (
        None
        if k > n * LEAST
        else "pay for partial success, or choose tasks that are sometimes solved"
    )
    same = [
        offender(group[0], f"all {len(values)} rollouts of the task earn {values[0]:g}")
        for group, values in zip(groups, rewards, strict=True)
        if values and not _differs(values)
    ]
    return Finding(verdict, said, help, numbers, more, same[:3] if verdict != "pass" else ())


def _differs(values: Sequence[float]) -> bool:
    return round(min(values), 9) != round(max(values), 9)
