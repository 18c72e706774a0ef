"""Metric definitions: each finds its value in a line that the runtime prints."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.compiler import compile_spec
from mrlc.compiler.targets.metrics import (
    LIMIT,
    OF_EVERY_RUN,
    OFF_POLICY_RATIO,
    every_metric,
    metric_definitions,
    metric_names,
    metric_regex,
)
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.log_line import alert_metrics, log_line
from mrlc.runtime.metrics import ScoredEpisode, rollout_metrics
from mrlc.runtime.reward import RewardScore
from mrlc.runtime.rollout.trajectory import StopCause, ToolCall, ToolResult, Trajectory, Turn
from mrlc.runtime.task import Task
from mrlc.runtime.train.grpo import TRAINER_METRICS
from mrlc.runtime.train.losses import loss_metrics
from mrlc.schemas.guide import rules_in_force

TASK = Task("1", "train", {})
CALLS = (ToolCall("find_bike", {}), ToolCall("book", {}))
TURN = Turn("", (1, 2), (0.0, 0.0), CALLS, (ToolResult("x", is_error=True), ToolResult("y")), (3,))
EPISODES = [
    ScoredEpisode(
        Trajectory(TASK, 0, (9,), (TURN,), StopCause.ANSWERED),
        RewardScore(total, {"fields": total, "polite": 1 / 3}),
    )
    for total in (0.0, 0.123456789)
]
ROW = {
    "step": 12,
    **rollout_metrics(EPISODES, group_size=2),
    **loss_metrics(EPISODES, []),
    **dict.fromkeys(TRAINER_METRICS.values(), -1.5e-07),
    "time/step_s": 3.25,
    "time/rollout_s": 2.5,
    "eval/score/mean": 1.0,
    "eval/completion": 0.75,
}
"""What the runtime appends to metrics.jsonl at a step with an evaluation."""


def fired(experiment):
    """What the line of alerts adds where every rule fires at once."""
    rules = rules_in_force(experiment)
    return alert_metrics([Firing(rule.name, 12, "", {}, "", None, ("warn",)) for rule in rules])


def test_every_definition_finds_its_value_in_a_line(compiled):
    row = ROW | fired(compiled.plan.experiment)
    line = log_line(row)
    for definition in metric_definitions(compiled.plan.experiment):
        found = re.findall(definition["Regex"], line)
        assert list(map(float, found)) == [float(row[definition["Name"]])], definition["Name"]
        assert len(definition["Regex"]) <= 500


def test_the_line_has_no_metric_without_a_definition(compiled):
    experiment = compiled.plan.experiment
    assert set(metric_names(experiment)) == {*ROW, "alert/firing"} - {OFF_POLICY_RATIO}


def test_a_rule_that_does_more_than_warn_has_a_metric_of_its_own(project):
    rule = "{name: low, metric: rollout/completion, below: 0.5, for_steps: 2, then: [stop]}"
    project.edit("specs/desk.yaml", "\nwarm_start:", f"\nalerts: {{rules: [{rule}]}}\nwarm_start:")
    experiment = compile_spec(project.spec).plan.experiment
    assert {name for name in metric_names(experiment) if name.startswith("alert/")} == {
        "alert/firing",
        "alert/low",
    }
    assert set(fired(experiment)) > {"alert/firing", "alert/low"}


def test_the_ratio_is_defined_where_episodes_may_be_old(project):
    project.edit("specs/desk.yaml", "steps: 2,", "steps: 2, max_steps_off_policy: 1,")
    assert OFF_POLICY_RATIO in metric_names(compile_spec(project.spec).plan.experiment)


@pytest.mark.parametrize(
    ("edit", "who"),
    [
        (None, "environment"),
        (None, "find_bike"),
        (("  answer:\n", "  user: {script: [Hm.]}\n  answer:\n"), "user"),
        (("  answer:\n", "  final: {rows: {state: shop, read: SELECT 1}}\n  answer:\n"), "final.rows"),
    ],
)  # fmt: skip
def test_whoever_may_lose_an_episode_may_be_watched(project, edit, who):
    if edit is not None:
        project.edit("specs/desk.yaml", *edit)
    known = every_metric(compile_spec(project.spec).plan.experiment)
    lost = Trajectory(TASK, 0, (), (), StopCause.ENVIRONMENT_ERROR, detail=f"{who}: OSError")
    episode = ScoredEpisode(lost, None)
    assert set(loss_metrics([episode], [episode])) <= set(known)
    assert "rollout/lost/unknown" not in known


def test_no_more_than_the_service_takes(project):
    tool = "    - name: {0}\n      parameters: {{day: {{type: integer}}}}\n"
    tool += "      sql: {{state: shop, write: 'INSERT INTO visits VALUES (:day)'}}\n"
    more = "".join(tool.format(f"book_{index}") for index in range(20))
    project.edit("specs/desk.yaml", "  answer:\n", f"{more}  answer:\n")
    names = metric_names(compile_spec(project.spec).plan.experiment)
    assert len(names) == len(set(names)) == LIMIT
    assert names[: len(OF_EVERY_RUN)] == OF_EVERY_RUN


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_is_read_back(value):
    (found,) = re.findall(metric_regex("a/b"), log_line({"step": 3, "a/b": value, "z": 1}))
    assert float(found) == value


@given(st.dictionaries(st.sampled_from(["a", "b/a", "a/b", "aa"]), st.integers()))
def test_a_name_is_not_found_in_another(row):
    line = log_line({"step": 1, **row})
    for name in ("a", "b/a", "a/b", "aa"):
        assert list(map(int, re.findall(metric_regex(name), line))) == (
            [row[name]] if name in row else []
        )


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"step": 12, "a/b": 0.5}, "mrlc step=12 a/b=0.5"),
        ({"a/b": -1e-05, "step": 1}, "mrlc step=1 a/b=-1e-05"),
        ({"step": 2, "bad": float("nan"), "worse": float("inf"), "c": 1}, "mrlc step=2 c=1"),
        ({"step": 2, "phase": "train"}, "mrlc step=2"),
    ],
)
def test_line(row, line):
    assert log_line(row) == line
