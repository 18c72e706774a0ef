"""Metrics of a step: shares that add up, means that a broken environment cannot move."""

from __future__ import annotations

import pytest

from mrlc.runtime.metrics import CAUSES, ScoredEpisode, distractor_calls, rollout_metrics
from mrlc.runtime.reward import RewardScore
from mrlc.runtime.rollout.trajectory import StopCause, ToolCall, ToolResult, Trajectory, Turn
from mrlc.runtime.task import Task

TASK = Task("1", "train", {})
CALLED = Turn(
    "", (1, 2), (0.0, 0.0), (ToolCall("look", {}),), (ToolResult("x", is_error=True),), (3,)
)
SAID = Turn("x", (4, 5, 6), (0.0, 0.0, 0.0))


def episode(stop: StopCause, total: float | None) -> ScoredEpisode:
    score = None if total is None else RewardScore(total, {"fields": total})
    return ScoredEpisode(Trajectory(TASK, 0, (9,), (CALLED, SAID), stop), score)


EPISODES = [
    episode(StopCause.ANSWERED, 1.0),
    episode(StopCause.ENVIRONMENT_ERROR, None),
    episode(StopCause.TURNS, 0.0),
    episode(StopCause.CONTEXT, 0.0),
]


def test_a_broken_episode_is_counted_and_never_averaged() -> None:
    metrics = rollout_metrics(EPISODES, group_size=2)
    assert metrics["rollout/env_error"] == 0.25
    assert metrics["rollout/reward/mean"] == pytest.approx(1 / 3)
    assert metrics["reward/fields/mean"] == pytest.approx(1 / 3)
    assert metrics["rollout/reward/zero_frac"] == pytest.approx(2 / 3)


def test_shares_of_causes_and_budgets() -> None:
    metrics = rollout_metrics(EPISODES, group_size=2)
    of_causes = [metrics[name] for name in CAUSES]
    assert sum(of_causes) == pytest.approx(1.0), "a broken environment is none of the agent's ends"
    assert metrics["rollout/completion"] == pytest.approx(1 / 3)
    assert metrics["rollout/exhausted/turns"] == pytest.approx(1 / 3)
    assert metrics["rollout/exhausted/tokens"] == pytest.approx(1 / 3)
    assert metrics["rollout/tokens/response_max"] == 5


def test_a_tool_that_ends_the_episode_completes_it() -> None:
    episodes = [episode(StopCause.FINISHED, 1.0), episode(StopCause.NO_ACTION, 0.0)]
    assert rollout_metrics(episodes, group_size=2)["rollout/completion"] == 0.5


def test_a_group_teaches_only_where_its_scorable_members_differ() -> None:
    metrics = rollout_metrics(EPISODES, group_size=2)
    assert metrics["analysis/zero_adv_groups"] == 1.0
    assert "rollout/reward/valid_mean" not in metrics
    metrics = rollout_metrics(EPISODES, group_size=4)
    assert metrics["analysis/zero_adv_groups"] == 0.0


def test_tool_errors_are_a_share_of_calls() -> None:
    metrics = rollout_metrics(EPISODES, group_size=2)
    assert metrics["rollout/tool/look/calls"] == 1.0
    assert metrics["rollout/tool/look/errors"] == 1.0


def test_calls_of_distractors_are_counted_an_episode() -> None:
    results = (ToolResult("x", is_distractor=True), ToolResult("y"), ToolResult("z", is_error=True))
    turn = Turn("", (1,), (0.0,), (ToolCall("look", {}),) * 3, results)
    trajectories = [
        Trajectory(TASK, 0, (9,), (turn, turn), StopCause.TURNS),
        EPISODES[0].trajectory,
    ]
    assert distractor_calls(trajectories) == 1.0


def test_without_a_scorable_episode_there_is_no_reward() -> None:
    metrics = rollout_metrics([episode(StopCause.ENVIRONMENT_ERROR, None)] * 2, group_size=2)
    assert not any("reward" in name for name in metrics)
    assert metrics["rollout/env_error"] == 1.0
    assert not CAUSES.keys() & metrics.keys()
