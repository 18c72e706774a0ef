"""Rescoring: the same plan changes nothing, another one says what would change."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.metrics import ScoredEpisode
from mrlc.runtime.record import RunFolder, create_run
from mrlc.runtime.rescore import Rescored, rescore
from mrlc.runtime.reward import Reward
from mrlc.runtime.rollout.trajectory import Answer, StopCause, Trajectory, Turn
from mrlc.runtime.scorers import load_scorer
from mrlc.runtime.setup import load_plan
from mrlc.runtime.tasks import load_tasks
from tests.conftest import Project

SPEC = "specs/desk.yaml"
RIGHT, HALF, WRONG = ("J1", 3), ("J1", 4), ("J2", 4)
OTHER_TAG = '<reply>{"job": "J1", "days": 3}</reply>'
LENGTH = "def polite(trajectory):\n    return min(1.0, len(trajectory.turns[-1].text) / 100)\n"


class Stored:
    """A run whose episodes were written by hand, and plans to rescore it by."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = self.compile()
        self.plan = load_plan(self.folder)
        self.run: RunFolder = create_run(project.root / "runs", self.folder, self.plan, seed=1)
        inputs = self.folder / "inputs"
        self.task = load_tasks(self.plan.experiment, inputs, "train")[0]
        self.reward = Reward.load(self.plan.experiment.reward, inputs)

    def compile(self, *overrides: str) -> Path:
        return write_plan(compile_spec(self.project.spec, overrides=overrides), self._build())

    def _build(self) -> Path:
        number = len(list(self.project.root.glob("build*")))
        return self.project.root / f"build{number}"

    def group(self, *said: tuple[str, int] | str | None, step: int = 1) -> None:
        """One training group: a member answered, said something else, or broke."""
        played = [self._episode(member, one) for member, one in enumerate(said)]
        scored = [ScoredEpisode(one, self.reward.score(one)) for one in played]
        self.run.append_episodes(scored, phase="train", step=step)

    def _episode(self, member: int, said: tuple[str, int] | str | None) -> Trajectory:
        stop, answer, text = StopCause.NO_ACTION, None, str(said)
        if said is None:
            stop, text = StopCause.ENVIRONMENT_ERROR, ""
        elif isinstance(said, tuple):
            value = {"job": said[0], "days": said[1]}
            stop, answer = StopCause.ANSWERED, Answer(value)
            text = f"<final_output>{json.dumps(value)}</final_output>"
        turn = Turn(text, (1, 2), (-0.5, -0.25))
        return Trajectory(self.task, member, (9,), (turn,), stop, answer)

    def rescore(self, *overrides: str) -> Rescored:
        return rescore(self.run, self.compile(*overrides))


@pytest.fixture
def stored(project: Project) -> Stored:
    made = Stored(project)
    made.group(RIGHT, HALF, WRONG, None)
    made.group(HALF, HALF, "hello", OTHER_TAG)
    made.group(RIGHT, RIGHT, RIGHT, RIGHT, step=2)
    return made


def test_the_same_plan_changes_nothing(stored: Stored) -> None:
    found = stored.rescore()
    assert (found.episodes, found.changed, found.answers, found.notes) == (12, 0, 0, [])
    assert found.old == found.new
    ranked = found.rankings
    assert (ranked.groups, ranked.pairs, ranked.flipped, ranked.sign_changes) == (3, 15, 0, 0)
    assert ranked.informative_before == ranked.informative_after == 2


def test_another_weight_keeps_the_order(stored: Stored) -> None:
    found = stored.rescore("reward.components.0.weight=0.5", "reward.components.1.weight=0.5")
    assert found.changed == 6
    assert found.rankings.flipped == 0
    assert found.new.reward > found.old.reward  # type: ignore[operator]
    assert found.old.components == found.new.components


def test_another_component_turns_groups(stored: Stored) -> None:
    stored.project.write("specs/rewards.py", LENGTH)
    weights = ("reward.components.0.weight=0.0", "reward.components.1.weight=1.0")
    found = stored.rescore(*weights)
    assert found.rankings.flipped == 2
    assert found.rankings.informative_after == 1
    assert [one.score for one in found.offenders] == [0.0] * 5
    assert found.offenders[0].text.startswith("<final_output>")
    assert (found.offenders[0].task, found.offenders[0].phase) == ("t1", "train")


def test_another_scorer_is_set_against_the_same_reward(stored: Stored) -> None:
    stored.project.write("specs/lenient.py", "def score(trajectory):\n    return 1.0\n")
    scorer = "evaluation.scorer={kind: python, python: 'lenient.py:score'}"
    found = stored.rescore(scorer)
    assert found.changed == 0
    assert found.old.success == pytest.approx(5 / 11)
    assert found.new.success == 1.0
    assert (found.new.auc, found.new.paid_at_failure, found.offenders) == (None, None, [])


def test_answers_are_read_again_where_their_declaration_differs(stored: Stored) -> None:
    found = stored.rescore("environment.answer.tag=reply")
    assert found.answers == 10  # nine are lost, and one is found
    assert found.new.success == pytest.approx(1 / 11)
    typed = stored.rescore(
        "environment.answer.json={job: {type: string}, days: {enum: [0, 1, 3, 9]}}"
    )
    assert typed.answers == 4
    assert typed.old.success == typed.new.success


def test_a_crashing_parser_makes_its_episodes_unscorable(stored: Stored) -> None:
    stored.project.write("specs/read.py", "def read(text):\n    return 1 / 0\n")
    found = stored.rescore("environment.answer={python: 'read.py:read'}")
    assert found.new.reward is None
    assert found.rankings.pairs == 0


def change(*overrides: str) -> Callable[[Project], tuple[str, ...]]:
    return lambda project: overrides


def edit(name: str, old: str, new: str) -> Callable[[Project], tuple[str, ...]]:
    def make(project: Project) -> tuple[str, ...]:
        project.edit(name, old, new)
        return ()

    return make


REFUSED = {
    "other words": (change("environment.system=Boat desk."), "environment.system"),
    "another prompt": (change("environment.prompt='Q: {{ task.question }}'"), "environment.prompt"),
    "another question": (
        edit("specs/data/train.jsonl", "Bike 1?", "Bike 7?"),
        "environment.prompt",
    ),
    "a task gone": (edit("specs/data/train.jsonl", '"t1"', '"t7"'), "data.train"),
    "another tool": (
        edit(SPEC, "day: {type: integer}", "date: {type: integer}\n        day: {type: integer}"),
        "environment.tools.1.parameters",
    ),
    "another fixture": (
        edit("specs/bikes.csv", "1,J1,3", "1,J1,5"),
        "environment.tools.0.replay.table",
    ),
    "another seed of the state": (
        edit("specs/shop.sql", "VALUES (1)", "VALUES (2)"),
        "environment.state.shop.sqlite",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_world_is_refused_with_its_place(stored: Stored, case: str) -> None:
    make, path = REFUSED[case]
    overrides = make(stored.project)
    if case == "a task gone":
        stored.project.edit("specs/data/demos.jsonl", '"t1"', '"t7"')
    with pytest.raises(PlanFault) as caught:
        stored.rescore(*overrides)
    assert caught.value.path == path
    assert caught.value.help


def test_moved_files_and_other_budgets_are_the_same_world(stored: Stored) -> None:
    stored.project.write(
        "specs/moved/bikes.csv", (stored.project.root / "specs/bikes.csv").read_text()
    )
    stored.project.edit(SPEC, "table: bikes.csv", "table: moved/bikes.csv")
    found = stored.rescore("turns.max_tokens=128")
    assert found.changed == 0
    assert found.notes == [
        "the turn budgets differ; the stored episodes were played under the old ones"
    ]


def test_old_rewards_are_those_recorded(stored: Stored) -> None:
    """The run's scorer is its own plan's, and its rewards are the ones it trained on."""
    found = stored.rescore()
    scorer = load_scorer(stored.plan.experiment.evaluation, stored.run.plan / "inputs")
    assert scorer is not None
    rows = [json.loads(line) for line in stored.run.trajectories.read_text().splitlines()]
    recorded = [row["reward"] for row in rows if row["reward"] is not None]
    assert found.old.reward == pytest.approx(sum(recorded) / len(recorded))


@pytest.mark.parametrize("what", ["component", "scorer"])
def test_new_code_that_hangs_is_a_fault_of_its_plan(stored: Stored, what: str) -> None:
    stored.project.write("specs/hangs.py", "def rule(trajectory):\n    while True: pass\n")
    python = '{kind: python, python: "hangs.py:rule"'
    override = {
        "component": f"reward={{diverges_because: x, components: [{python}, name: slow}}]}}",
        "scorer": f"evaluation.scorer={python}}}",
    }
    with pytest.raises(
        PlanFault, match=r"took longer than 0.2 s in specs/hangs.py:rule, at line 2"
    ):
        stored.rescore(override[what], "turns.score_timeout_s=0.2")
