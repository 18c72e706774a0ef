"""Metrics of a step's episodes, under the managed service's names.

Every episode has one cause of ending. `rollout/env_error` is the share of episodes whose environment
broke; the shares of the other causes are of the episodes whose environment held, and add up to one.
So what breaks is counted, moves no reward, and looks like no failure of the agent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from mrlc.runtime.reward import Reward, RewardScore
from mrlc.runtime.rollout.trajectory import StopCause, Trajectory

CAUSES = {
    "rollout/completion": {cause for cause in StopCause if cause.is_completion},
    "rollout/invalid_answer": {StopCause.INVALID_ANSWER},
    "rollout/no_action": {StopCause.NO_ACTION},
    "rollout/exhausted/turns": {StopCause.TURNS},
    "rollout/exhausted/tokens": {StopCause.TURN_TOKENS, StopCause.CONTEXT},
    "rollout/exhausted/time": {StopCause.TIME},
}
"""The causes of ending of episodes whose environment held, by the metric that counts them."""
OF_ALL = {"rollout/env_error", "rollout/unjudged"}
"""Shares of all episodes."""


@dataclass(frozen=True)
class ScoredEpisode:
    """A trajectory and its reward; None where the environment broke, or a judge gave no mark."""

    trajectory: Trajectory
    reward: RewardScore | None


def scored_episodes(trajectories: Sequence[Trajectory], reward: Reward) -> list[ScoredEpisode]:
    """The trajectories with their rewards, in order."""
    rewards = reward.score_all(trajectories)
    return [ScoredEpisode(*pair) for pair in zip(trajectories, rewards, strict=True)]


def rollout_metrics(episodes: Sequence[ScoredEpisode], *, group_size: int) -> dict[str, float]:
    """Metrics of one step; `episodes` are in groups of `group_size`, one task a group.

    Means over no episode at all are left out rather than invented.
    """
    trajectories = [episode.trajectory for episode in episodes]
    causes = Counter(trajectory.stop for trajectory in trajectories)
    total = len(trajectories)
    held = total - causes[StopCause.ENVIRONMENT_ERROR]
    metrics = {
        "rollout/episodes": float(total),
        "rollout/turns/mean": fmean(len(t.turns) for t in trajectories),
        "rollout/tokens/response_mean": fmean(sum(t.loss_mask) for t in trajectories),
        "rollout/tokens/response_max": float(max(sum(t.loss_mask) for t in trajectories)),
        "rollout/env_error": causes[StopCause.ENVIRONMENT_ERROR] / total,
    }
    unjudged = sum(e.reward is None and e.trajectory.is_scorable for e in episodes)
    if unjudged:  # only a reward with a judge can have them
        metrics["rollout/unjudged"] = unjudged / total
    for name, group in CAUSES.items() if held else ():
        metrics[name] = sum(causes[cause] for cause in group) / held
    return metrics | _tool_metrics(trajectories) | _reward_metrics(episodes, group_size)


def _tool_metrics(trajectories: Sequence[Trajectory]) -> dict[str, float]:
    """Calls an episode, and errors a call, of each tool that was called and answered."""
    calls: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for trajectory in trajectories:
        for turn in trajectory.turns:
            for call, result in zip(turn.calls, turn.results, strict=False):
                name = "unknown" if result.is_unknown_tool else call.name
                calls[name] += 1
                errors[name] += result.is_error
    metrics: dict[str, float] = {}
    for name in sorted(calls):
        metrics[f"rollout/tool/{name}/calls"] = calls[name] / len(trajectories)
        metrics[f"rollout/tool/{name}/errors"] = errors[name] / calls[name]
    return metrics


def distractor_calls(trajectories: Sequence[Trajectory]) -> float:
    """Calls of distractors an episode: where it stays, the agent does not choose its tools."""
    results = (result for t in trajectories for turn in t.turns for result in turn.results)
    return sum(result.is_distractor for result in results) / len(trajectories)


def _reward_metrics(episodes: Sequence[ScoredEpisode], group_size: int) -> dict[str, float]:
    scores = [episode.reward for episode in episodes if episode.reward is not None]
    if not scores:
        return {}
    metrics = {
        "rollout/reward/mean": fmean(score.total for score in scores),
        "rollout/reward/zero_frac": fmean(score.total == 0 for score in scores),
    }
    if any(score.turns for score in scores):
        metrics["rollout/reward/turns_mean"] = fmean(sum(score.turns) for score in scores)
    for name in scores[0].components:
        metrics[f"reward/{name}/mean"] = fmean(score.components[name] for score in scores)
    return metrics | _group_metrics(episodes, group_size)


def _group_metrics(episodes: Sequence[ScoredEpisode], group_size: int) -> dict[str, float]:
    """Which groups teach: those whose scorable members differ in reward, or in that of a turn."""
    starts = range(0, len(episodes), group_size)
    groups = [
        [e.reward for e in episodes[i : i + group_size] if e.reward is not None] for i in starts
    ]
    informative = [group for group in groups if len(set(map(_paid, group))) > 1]
    metrics = {"analysis/zero_adv_groups": 1 - len(informative) / len(groups)}
    if informative:
        metrics["rollout/reward/valid_mean"] = fmean(
            score.total for group in informative for score in group
        )
    return metrics


def _paid(score: RewardScore) -> tuple[float, ...]:
    """What tells episodes apart: the total, and by turn up to the last that is paid."""
    last = max((turn for turn, paid in enumerate(score.turns, 1) if paid), default=0)
    return (score.total, *score.turns[:last])
