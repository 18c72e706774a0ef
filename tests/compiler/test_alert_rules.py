"""Rules of alerts that look at nothing or can never fire: a table of them, and what is said."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from tests.conftest import Project

LONG = ("algorithm.steps=200", "evaluation.every_steps=10")


def found(project: Project, rule: str, *more: str) -> list[tuple[str, str, str]]:
    alerts = f"alerts={{rules: [{{name: watched, {rule}, then: [warn]}}]}}"
    return faults(project, alerts, *more)


def faults(project: Project, *overrides: str) -> list[tuple[str, str, str]]:
    try:
        compiled = compile_spec(project.spec, overrides=(*LONG, *overrides))
    except CompileFailed as error:
        return [(one.code, one.path, one.message) for one in error.diagnostics]
    return [(one.code, one.path, one.message) for one in compiled.warnings]


@pytest.mark.parametrize(
    ("rule", "field", "why"),
    [
        ("metric: train/loss, rising: 1, window: 300", "window", "a window of 300 steps"),
        ("metric: train/loss, above: 1, for_steps: 300", "for_steps", "step 300 at the earliest"),
        ("metric: train/loss, above: 1, after_step: 200", "after_step", "step 201 at the earliest"),
        ("metric: train/loss, rising: 1, window: 50, until_step: 40", "until_step", "fires at step 50"),
        ("metric: train/loss, missing_for: 300", "for_steps", "step 300 at the earliest"),
        ("metric: eval/score/mean, not_rising: 0.1, window: 30", "window", "hold 3 values"),
        ("metric: eval/score/mean, not_rising: 0.1", "not_rising", "hold 2 values"),
        ("metric: rollout/reward/mean, above: 1", "above", "lies between 0 and 1"),
        ("metric: rollout/reward/mean, below: 0", "below", "lies between 0 and 1"),
        ("metric: rollout/completion, rising: 1", "rising", "lies between 0 and 1"),
        ("metric: reward/fields/mean, above: 1.5", "above", "lies between 0 and 1"),
        ("all: [{metric: train/loss, above: 1}, {metric: eval/completion, below: 0}]", "all.1.below", "0"),
        ("any: [{metric: rollout/completion, above: 2}]", "any.0.above", "lies between"),
    ],
)  # fmt: skip
def test_a_rule_that_can_never_fire(project: Project, rule: str, field: str, why: str) -> None:
    ((code, path, message),) = found(project, rule)
    assert (code, path) == ("MRLC534", f"alerts.rules.0.{field}")
    assert why in message


@pytest.mark.parametrize(
    "rule",
    [
        "metric: rollout/tool/find_bike/errors, above: 0.5",
        "metric: rollout/tool/unknown/calls, above: 0.5",
        "metric: reward/polite/mean, below: 0.5, over: rollout/reward/mean",
        "metric: eval/score/mean, not_rising: 0.1, window: 31",
        "metric: train/loss, rising: 1, window: 4, until_step: 4",
        "any: [{metric: rollout/completion, above: 2}, {metric: train/loss, above: 2}]",
        "metric: rollout/turns/mean, above: 7, for_steps: 10",
    ],
)
def test_a_rule_that_can_fire(project: Project, rule: str) -> None:
    assert found(project, rule) == []


def test_the_runs_last_evaluation_is_before_its_last_step(project: Project) -> None:
    """Ten steps with an evaluation every ten have none."""
    rule = "metric: eval/score/mean, below: 0.5"
    assert found(project, rule, "algorithm.steps=11") == []
    ((code, _, message),) = found(project, rule, "algorithm.steps=10")
    assert (code, "has 0 values in 10 steps" in message) == ("MRLC534", True)


def test_a_guides_rule_is_a_fault_only_where_it_is_counted_on(project: Project) -> None:
    assert faults(project, "algorithm.steps=30") == []
    counted = "alerts.then={reward-hacked: [stop]}"
    assert faults(project, counted) == []
    ((code, path, _),) = faults(project, counted, "algorithm.steps=30")
    assert (code, path) == ("MRLC534", "alerts.then.reward-hacked")


def test_evaluations_far_apart_leave_the_guide_silent(project: Project) -> None:
    """Its window would be longer than any; that must not be a fault of the spec."""
    rare = ("algorithm.steps=5000", "evaluation.every_steps=1000")
    assert faults(project, *rare) == []
    counted_on = faults(project, *rare, "alerts={then: {reward-hacked: [warn, stop]}}")
    assert [(code, path) for code, path, _ in counted_on] == [
        ("MRLC534", "alerts.then.reward-hacked")
    ]


@pytest.mark.parametrize(
    ("alerts", "code"),
    [
        ("{rules: [{name: a, metric: rolout/turns/mean, above: 1, then: [warn]}]}", "MRLC533"),
        ("{rules: [{name: a, metric: eval/pass_at_4, above: 0.1, then: [warn]}]}", "MRLC533"),
        ("{use: [], then: {reward-hacked: [stop]}}", "MRLC535"),
        ("{rules: [{name: token-cap, metric: train/kl, above: 1, then: [warn]}]}", "MRLC334"),
        ("{rules: [{name: a, metric: train/kl, above: 1, then: [stop, roll_back]}]}", "MRLC537"),
        ("{rules: [{name: a, metric: train/kl, above: 1, rising: 1, then: [warn]}]}", "MRLC209"),
        ("{rules: [{name: a, metric: train/kl, window: 9, then: [warn]}]}", "MRLC209"),
        ("{rules: [{name: a, above: 1, then: [warn]}]}", "MRLC209"),
        ("{rules: [{name: a, metric: train/kl, above: 1, then: []}]}", "MRLC207"),
    ],
)
def test_other_faults(project: Project, alerts: str, code: str) -> None:
    assert [one[0] for one in faults(project, f"alerts={alerts}")] == [code]


def test_two_rules_of_one_name(project: Project) -> None:
    one = "{name: a, metric: train/kl, above: 1, then: [warn]}"
    assert [fault[0] for fault in faults(project, f"alerts={{rules: [{one}, {one}]}}")] == [
        "MRLC334"
    ]
