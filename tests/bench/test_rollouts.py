"""The loops that `make bench` compares run the same episodes; else its table would say nothing."""

from __future__ import annotations

import time
from functools import partial

import pytest

from mrlc.runtime.run import quiet_libraries
from tests.bench.rollouts.ideal import Gauge, _Product
from tests.bench.rollouts.loops import LOOPS, Played, Unequal, check_equal, run_mrlc
from tests.bench.rollouts.stage import Act, Shape, Stage, open_stage

quiet_libraries()
TURNS, EPISODES = 2, 4


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("bench").resolve() / "stage"
    return open_stage(folder, Act(TURNS, 1, EPISODES), Shape(128, 1, 2, 64))


def test_all_loops_play_the_same_episodes(stage: Stage) -> None:
    played = {name: loop(stage)[0] for name, loop in LOOPS.items()}
    check_equal(played)
    for episode in played["mrlc"]:
        turns = "".join(map(str, episode.written)).split("0")
        assert [len(turn) for turn in turns if turn] == [15] * (TURNS + 1)
    assert len(played["mrlc"]) == EPISODES


@pytest.mark.parametrize(
    "other",
    [
        pytest.param([], id="none"),
        pytest.param([Played((1,), (2,), (0,))], id="another mask"),
        pytest.param([Played((1,), (2,), (1,))] * 2, id="one more"),
    ],
)
def test_a_difference_fails(other: list[Played]) -> None:
    with pytest.raises(Unequal, match=r"episode . of plain is not that of mrlc"):
        check_equal({"mrlc": [Played((1,), (2,), (1,))], "plain": other})


def test_what_is_measured_amid_a_loop_is_off_its_clock(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pass of the model is held up, and no longer charged for it."""
    gauge, held, calls = Gauge(stage.model), 0.05, []
    flops = _Product.flops
    monkeypatch.setattr(
        _Product, "flops", lambda self: (calls.append(time.sleep(held)), flops(self))[1]
    )
    started = time.perf_counter()
    played, cost, machine = gauge.watch(partial(run_mrlc, stage), length=8)
    assert time.perf_counter() - started - cost.wall >= held * len(calls) > 0
    assert machine.ideal_s(played, tool_s=0.0) > 0
