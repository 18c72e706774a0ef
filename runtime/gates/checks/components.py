"""R5: each component of the reward is logged by itself."""

from __future__ import annotations

from mrlc.runtime.errors import CodeFailed
from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.gate import FAIL, PASS, Finding, gate
from mrlc.runtime.gates.offender import offenders
from mrlc.runtime.gates.rollouts import Rollout, scored
from mrlc.runtime.metrics import ScoredEpisode, rollout_metrics
from mrlc.runtime.rollout.trajectory import Trajectory


@gate(
    "R5",
    "components",
    bound=("environment", "turns", "reward", "evaluation.scorer", "data.train", "warm_start",
           "gates.golden"),
    kind="scripted",
)  # fmt: skip
def components(case: Case) -> Finding:
    """Each component of the reward is logged by itself.

    Scripted episodes, among them one that says nothing, are paid and scored twice. Every declared
    component must come out as a number from 0 to 1, the same both times, and must have a metric of
    its own: a total that rises says nothing of what it rises by.

    Mend the component that is named; it must be a function of the trajectory alone.
    """
    world = case.world
    played = [world.solo(script) for script in world.scripts] + _silent(case)
    try:
        first, second = (scored(played, world.reward, world.scorer) for _ in range(2))
    except CodeFailed as failed:
        return Finding(FAIL, failed.message, failed.help)
    known = [rollout for rollout in first if rollout.is_scorable]
    numbers = {"rollouts": len(played), "components": _means(known)}
    if unequal := [one for one, other in zip(first, second, strict=True) if not _same(one, other)]:
        why = "scored twice, it earns two different rewards"
        found = offenders(unequal, why)
        return Finding(FAIL, f"task `{found[0].task}`: {why}", None, numbers, offenders=found)
    names = [component.name for component in case.experiment.reward.components]
    lacking = [name for name in names if name not in _means(known)]
    if lacking:
        return Finding(FAIL, f"`{lacking[0]}` has no metric of its own", None, numbers)
    return Finding(PASS, f"{len(names)} components over {len(played)} episodes", numbers=numbers)


def _silent(case: Case) -> list[Trajectory]:
    from mrlc.runtime.gates.players import Scripted

    return case.world.play([(case.world.tasks["train"][0], Scripted(()))])


def _means(rollouts: list[Rollout]) -> dict[str, float]:
    """`reward/<name>/mean` by name, as a training step logs it."""
    episodes = [ScoredEpisode(rollout.trajectory, rollout.reward) for rollout in rollouts]
    metrics = rollout_metrics(episodes, group_size=max(1, len(episodes))) if episodes else {}
    ends = ("reward/", "/mean")
    return {
        name.removeprefix(ends[0]).removesuffix(ends[1]): round(value, 6)
        for name, value in metrics.items()
        if name.startswith(ends[0]) and name.endswith(ends[1])
    }


def _same(one: Rollout, other: Rollout) -> bool:
    return (one.reward, one.evaluation) == (other.reward, other.evaluation)
