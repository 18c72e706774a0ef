"""The books balance whatever becomes of the episodes, and a row too few or too many shows."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.books import NAMES
from mrlc.runtime.accounts import (
    AHEAD,
    NO_MARK,
    NOT_NEEDED,
    Account,
    Planned,
    accounts,
    kept,
    tally,
    tally_ahead,
)
from mrlc.runtime.files import write_json
from mrlc.runtime.metrics import ScoredEpisode
from mrlc.runtime.record import RunFolder
from mrlc.runtime.reward import RewardScore
from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.replacement import TRIES, Replacements
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory
from mrlc.runtime.task import Task
from mrlc.runtime.train.losses import loss_metrics
from mrlc.schemas.rollout import Rollout

SCORED = "scored"
OUTCOMES = [SCORED, NO_MARK, "find: took longer than 5 s", "find: OSError", "environment: OSError"]
"""What an episode may come to: a reward, no mark, or one of these causes."""


def ended(request: EpisodeRequest, outcome: str) -> Trajectory:
    is_broken = outcome not in (SCORED, NO_MARK)
    stop = StopCause.ENVIRONMENT_ERROR if is_broken else StopCause.ANSWERED
    detail = outcome if is_broken else ""
    return Trajectory(request.task, request.member, (), (), stop, detail=detail)


@dataclass
class Player:
    """A run's episodes, each of which comes to what is drawn; in an order that is drawn too."""

    run: RunFolder
    outcomes: Iterator[str]
    order: Random
    counts: dict[str, Counter[str]] = field(default_factory=dict)

    def scored(self, trajectory: Trajectory, outcome: str) -> ScoredEpisode:
        return ScoredEpisode(trajectory, RewardScore(0.0, {}) if outcome == SCORED else None)

    def evaluate(self, phase: str, tasks: int) -> None:
        requests = [EpisodeRequest(Task(str(i), "test", {}), 0, i) for i in range(tasks)]
        came_to = [next(self.outcomes) for _ in requests]
        self.counts[phase] = Counter(came_to)
        pairs = zip(requests, came_to, strict=True)
        self.run.append_episodes(
            [self.scored(ended(one, outcome), outcome) for one, outcome in pairs], phase=phase
        )

    def tally(self, phase: str, episodes: int, **labels: int) -> None:
        """Episodes that leave no rows, and that no judge is asked about."""
        request = EpisodeRequest(Task("0", "test", {}), 0, 0)
        came_to = [next(self.outcomes) for _ in range(episodes)]
        came_to = [SCORED if one == NO_MARK else one for one in came_to]
        self.counts.setdefault(phase, Counter()).update(came_to)
        played = [ended(request, one) for one in came_to]
        self.run.append_tally(tally(played), phase=phase, **labels)

    def train(self, step: int, rollout: Rollout, tasks: int, group: int, *, validated: int) -> None:
        requests = [
            EpisodeRequest(Task(str(task), "train", {}), member, member)
            for task in range(tasks)
            for member in range(group)
        ]
        again, done, tries = Replacements.of(rollout, requests), {}, Counter[int]()
        under_way = list(enumerate(requests))
        while under_way:
            place, request = under_way.pop(self.order.randrange(len(under_way)))
            outcome = next(self.outcomes)
            self.counts.setdefault("train", Counter())[outcome] += 1
            trajectory = ended(request, outcome)
            done[place] = self.scored(trajectory, outcome)
            other = again(request, trajectory)
            if other is not None:
                tries[place] += 1
                under_way.append((place, other))
        episodes = [done[place] for place in range(len(requests))]
        replaced = [ScoredEpisode(one, None) for one in again.replaced]
        assert len(replaced) == tries.total() <= again.budget
        assert max(tries.values(), default=0) <= TRIES
        losses = loss_metrics(episodes, replaced)
        evaluation: dict[str, float] = {}
        if validated and step % 2 == 0:
            self.tally("validation", validated, step=step)
            evaluation = self.order.choice([{"eval/completion": 0.5}, {"eval/env_error": 1.0}])
        numbers = {"step": step, "rollout/episodes": len(episodes), **losses, **evaluation}
        self.run.append_metrics(numbers)
        self.run.append_episodes(replaced, phase="train", step=step, replaced=True)
        self.run.append_episodes(episodes, phase="train", step=step)


@settings(max_examples=60, deadline=None)
@given(
    share=st.sampled_from([0.0, 0.1, 0.25, 1.0]),
    planned=st.builds(Planned, st.integers(1, 5), st.integers(1, 3), st.integers(1, 4)),
    steps=st.lists(st.tuples(st.integers(1, 4), st.integers(2, 5)), max_size=4),
    likely=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=8),
    random=st.randoms(use_true_random=False),
)
def test_started_is_scored_and_unscorable_and_replaced(
    share: float,
    planned: Planned,
    steps: list[tuple[int, int]],
    likely: list[str],
    random: Random,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        player = Player(run, iter(lambda: random.choice(likely), None), random)
        write_json(run.path / "run.json", {"tallies": True})
        player.evaluate("base", planned.evaluated)
        player.tally("base_samples", planned.evaluated * planned.samples)
        for step, (tasks, group) in enumerate(steps, 1):
            player.train(
                step, Rollout(replacements=share), tasks, group, validated=planned.validated
            )
        player.evaluate("trained", planned.evaluated)
        player.tally("trained_samples", planned.evaluated * planned.samples)
        books = accounts(run, planned)
        assert set(books) == set(NAMES) - {AHEAD}
        write_json(run.accounts, {phase: one.as_json() for phase, one in books.items()})
        assert kept(run) == books
        for phase, one in books.items():
            counts = player.counts.get(phase, Counter())
            assert one.balances
            assert one.started == counts.total()
            assert one.scored == counts.pop(SCORED, 0)
            assert one.replaced + one.unscorable == counts
            assert one.replaced[NO_MARK] == 0  # an answer stands, whatever its judge says
        for log in (run.trajectories, run.tallies):
            text = log.read_text()
            rows = text.splitlines(keepends=True)
            place = random.randrange(len(rows))
            phase = json.loads(rows[place])["phase"]
            for changed in (rows[:place] + rows[place + 1 :], [*rows, rows[place]]):
                log.write_text("".join(changed))
                wrong = accounts(run, planned)
                assert [name for name, one in wrong.items() if not one.balances] == [phase]
            log.write_text(text)


@pytest.mark.parametrize("column", ["started", "scored", "without a reward", "broke, run anew"])
def test_the_table_of_the_books_has_every_sum(column: str) -> None:
    from mrlc.books import blocks
    from mrlc.tables import Table

    train = Account(9, 4, Counter({"f: A": 2}), Counter({"f: B": 1, "f: A": 2}))
    lossless = {phase: Account(3, 3) for phase in ("base", "trained", "trained_samples")}
    (table,) = blocks({**lossless, "train": train, "validation": Account()})
    assert isinstance(table, Table)
    assert table.columns == ("", "base", "training", "trained", "trained, sampled")
    found = {row[0]: row[1:] for row in table.rows}
    sums = {"started": "9", "scored": "4", "without a reward": "2", "broke, run anew": "3"}
    assert found[column][1] == sums[column]
    assert found["  f: A"] == ("0", "4", "0", "0")


def test_books_that_do_not_balance_are_told() -> None:
    from mrlc.books import blocks
    from mrlc.tables import Lines

    _, lines = blocks({"train": Account(started=9, scored=7), "validation": Account()})
    assert lines == Lines(
        ("the books of training do not balance: 9 episodes started, 7 accounted for",)
    )


def test_a_run_from_before_the_tallies_has_the_phases_that_it_recorded(tmp_path: Path) -> None:
    """Such a run that is resumed may have tallies from then on, which are not all."""
    from mrlc.books import blocks
    from mrlc.tables import Lines

    run = RunFolder(tmp_path)
    write_json(tmp_path / "run.json", {"seed": 1})
    player = Player(run, iter(lambda: SCORED, None), Random(1))
    player.evaluate("base", 2)
    player.tally("trained_samples", 4)
    player.evaluate("trained", 2)
    books = accounts(run, Planned(2, samples=2, validated=3))
    assert set(books) == {"base", "train", "trained"}
    assert all(one.balances for one in books.values())
    _, lines = blocks(books)
    assert lines == Lines(
        ("samples of pass@k and the validation split were not counted in this run",)
    )
    assert kept(run) == {}  # it has not come to its end


def test_tallies_are_cut_back_with_the_other_logs(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.append_tally(tally([]), phase="validation", step=1)
    sizes = run.log_sizes()
    run.append_tally(tally([]), phase="validation", step=2)
    run.cut_logs(sizes)
    assert [json.loads(row)["step"] for row in run.tallies.read_text().splitlines()] == [1]
    run.cut_logs({log: size for log, size in sizes.items() if log != run.tallies.name})
    assert run.tallies.read_text() == ""  # the checkpoint is older than tallies are


def test_what_was_played_ahead_keeps_its_causes(tmp_path: Path) -> None:
    request = EpisodeRequest(Task("0", "train", {}), 0, 0)
    broken = ended(request, "f: took longer than 1 s")
    run = RunFolder(tmp_path)
    write_json(tmp_path / "run.json", {"tallies": True})
    run.append_tally(tally_ahead([ended(request, SCORED), broken], [broken]), phase=AHEAD)
    found = accounts(run, Planned(0))[AHEAD]
    assert found == Account(
        3, 0, Counter({NOT_NEEDED: 1, broken.detail: 1}), Counter([broken.detail])
    )
    assert found.balances
