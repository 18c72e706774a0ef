"""golden: the tasks can be solved with what the agent has, and solving them is paid in full."""

from __future__ import annotations

from collections import Counter

from mrlc.runtime.errors import CodeFailed
from mrlc.runtime.evaluate import SUCCESS
from mrlc.runtime.gates.case import ROUNDING, Case
from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, OFFENDERS, PASS, Finding, gate
from mrlc.runtime.gates.offender import offender
from mrlc.runtime.gates.rollouts import Rollout, scored
from mrlc.runtime.gates.transcripts import differing_fields
from mrlc.schemas.evaluation import ExactFields

_WRITE = (
    "write how a person solves a task: "
    'gates: {golden: {walk: [{call: {tool: {argument: "{{ task.id }}"}}}, '
    '{answer: "{{ task.expected }}"}]}}; or give `file`, with messages for each task'
)


@gate(
    "golden",
    "golden walk",
    bound=("environment", "turns", "reward", "evaluation.scorer", "data.train", "data.validation",
           "data.test", "gates.golden"),
    kind="scripted",
)  # fmt: skip
def golden(case: Case) -> Finding:
    """The tasks can be solved with what the agent has, and solving them is paid in full.

    The walk declared under `gates.golden` is played on every task of every split. It must end
    within the turn limit, earn the highest reward and an evaluation of 1. A row on which it does
    not is one that no agent can solve, or one that solving does not pay for: training on it
    teaches the wrong thing.

    The longest walk is the number of turns that a person needs, `turns.human`.
    """
    players = case.world.golden_players()
    if not players:
        return Finding(INSUFFICIENT, "no golden walk is declared", _WRITE)
    played = case.world.play(players)
    try:
        rollouts = scored(played, case.world.reward, case.world.scorer)
    except CodeFailed as failed:
        return Finding(FAIL, failed.message, failed.help)
    failures = [getattr(player, "failure", None) for _, player in players]
    whys = [
        (rollout, why)
        for rollout, failure in zip(rollouts, failures, strict=True)
        if (why := _fault(rollout, failure, case)) is not None
    ]
    turns = Counter(len(rollout.trajectory.turns) for rollout in rollouts)
    needed = max(turns)
    numbers = {"tasks": len(rollouts), "solved": len(rollouts) - len(whys), "turns": needed}
    if whys:
        found = [offender(rollout, why) for rollout, why in whys[:OFFENDERS]]
        count = f"{len(whys)} of {len(rollouts)} tasks are not solved"
        said = f"{count}; `{found[0].task}`: {found[0].why}"
        help = _mend(whys[0][0], is_walk=any(failures))
        return Finding(FAIL, said, help, numbers, offenders=found)
    return _compared(case.experiment.turns.human, needed, numbers)


def _mend(first: Rollout, *, is_walk: bool) -> str:
    """What to change, by whose fault the first one is."""
    if is_walk:
        return "mend the walk: it names what a task or a result does not have"
    if not first.trajectory.is_scorable:
        return "mend the tool: it fails where the walk calls it, and where any agent does"
    return "mend or remove the rows: no agent can do better than the walk"


def _compared(human: int | None, needed: int, numbers: dict[str, int]) -> Finding:
    """The walk's length against what the spec says a person needs."""
    said = f"all {numbers['tasks']} tasks are solved, in {needed} turns at most"
    if human is not None and human < needed:
        help = f"write `turns: {{human: {needed}}}`; the turn limit follows"
        return Finding(FAIL, f"{said}; `turns.human` is {human}", help, numbers)
    if human is not None and human > needed:
        said += f" (`turns.human` is {human})"
    return Finding(PASS, said, numbers=numbers)


def _fault(rollout: Rollout, failure: str | None, case: Case) -> str | None:
    """Why the walk does not count as solving its task; None where it does."""
    trajectory, reward = rollout.trajectory, rollout.reward
    if failure is not None:
        return failure
    if reward is None or rollout.evaluation is None:
        return trajectory.detail
    if trajectory.answer is None and rollout.evaluation < SUCCESS:
        return f"it ends without a valid answer: {trajectory.detail or trajectory.stop.value}"
    if rollout.evaluation < SUCCESS:
        scorer = case.experiment.evaluation.scorer
        gap = ""
        if isinstance(scorer, ExactFields) and trajectory.answer is not None:
            expected = trajectory.task.value(scorer.against)
            gap = f"; expected → answered: {differing_fields(expected, trajectory.answer.value)}"
        return f"the evaluation gives {rollout.evaluation:g}{gap}"
    if reward.total < case.paid.high - ROUNDING:
        parts = ", ".join(f"{name} {value:g}" for name, value in reward.components.items())
        return f"it earns {reward.total:g} of {case.paid.high:g} ({parts})"
    return None
