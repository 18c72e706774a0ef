"""The guide: silent on healthy runs, and each symptom fires its rule, in time and alone."""

from __future__ import annotations

from typing import Any

import pytest

from mrlc.compiler import compile_spec
from mrlc.runtime.alerts.advice import advise
from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.watch import Watch
from mrlc.schemas.guide import GUIDE, guide
from tests.conftest import Project
from tests.runtime.alerts.conftest import experiment, fired
from tests.runtime.alerts.series import SYMPTOMS, Shape, healthy, rows

PLAIN = experiment()


def firings(shape: Shape, seed: int) -> list[Firing]:
    return fired(Watch.of(PLAIN), rows(shape, seed))


@pytest.mark.parametrize("count", [25, pytest.param(500, marks=pytest.mark.slow)])
def test_healthy_runs_are_silent(count: int) -> None:
    found = {
        seed: [(one.rule, one.step) for one in firings(healthy(seed), seed)]
        for seed in range(count)
    }
    assert {seed: alerts for seed, alerts in found.items() if alerts} == {}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("rule", SYMPTOMS)
def test_a_symptom_fires_its_rule_alone_and_in_time(rule: str, seed: int) -> None:
    shape, promised = SYMPTOMS[rule]
    found = firings(shape, seed)
    assert {one.rule for one in found} == {rule}
    assert found[0].step in promised


def test_there_is_a_series_for_every_rule() -> None:
    assert set(SYMPTOMS) == set(GUIDE) == {one.name for one in guide(PLAIN)}


def test_what_is_done_can_be_changed_by_rule() -> None:
    changed = experiment(alerts={"then": {"flat-from-start": ["stop", {"notify": "ops"}]}})
    (one,) = fired(Watch.of(changed), rows(SYMPTOMS["flat-from-start"][0], 1))
    assert (one.actions, one.notify) == (("stop",), ("ops",))


def test_a_smaller_group_is_advised_with_both_figures() -> None:
    """The figures of practices: success of 10%, groups of 8 → 4: 43% → 66%, and 73 → 88."""
    rule = next(one for one in guide(PLAIN) if one.name == "groups-alike")
    alike = {"metric": "analysis/zero_adv_groups", "values": [[9, 0.9**8 + 0.1**8]]}
    advice = advise(rule, [alike], PLAIN)
    assert "from 43% to 66%" in advice.text
    assert "from 73 to 88" in advice.text
    assert advice.patch == "algorithm.group_size=4\nalgorithm.prompts_per_step=32"


LORA = {"base": "org/base", "lora": {"rank": 32, "alpha": 64}}


@pytest.mark.parametrize(
    ("rule", "sections", "hidden", "patch"),
    [
        ("groups-alike", {"algorithm": {"group_size": 2}}, None, None),
        ("reward-collapsed", {"algorithm": {"loss": "cispo"}}, None, "algorithm.loss=dapo"),
        ("reward-collapsed", {"algorithm": {"learning_rate": 0.01}}, None, "algorithm.learning_rate=0.005"),
        ("reward-stalled", {"model": LORA}, 1024, "model.lora.rank=64\nmodel.lora.alpha=128"),
        ("reward-stalled", {"model": LORA}, 48, "model.lora.rank=48\nmodel.lora.alpha=96"),
        ("reward-stalled", {"model": LORA}, 32, None),
        ("reward-stalled", {"model": {"base": "org/base"}}, 1024, None),
        ("reward-stalled", {"model": {"base": "tiny"}}, 64, "model.tiny.hidden_size=128"),
        ("reward-stalled", {"model": {"base": "tiny"}}, 1024, None),
        ("token-cap", {"turns": {"human": 3, "max_tokens": 100}}, None, "turns.max_tokens=150\nmodel.tiny.context=1274"),
        ("turns-exhausted", {"turns": {"human": 3}}, None, "turns.max_turns=8\nmodel.tiny.context=2272"),
        ("turns-exhausted", {"turns": {"human": 3}, "model": LORA}, None, "turns.max_turns=8"),
        ("turns-exhausted", {"turns": {"human": 3, "max_turns": 9}}, None, None),
        ("token-cap", {"turns": {"human": 99, "max_tokens": 999}}, None, None),
    ],
)  # fmt: skip
def test_advice_stays_within_the_limits_of_the_model(
    rule: str, sections: dict[str, Any], hidden: int | None, patch: str | None
) -> None:
    asked = experiment(**sections)
    of = next(one for one in guide(asked) if one.name == rule)
    alike = {"metric": "analysis/zero_adv_groups", "values": [[9, 0.5]]}
    advice = advise(of, [alike], asked, hidden_size=hidden)
    assert advice.patch == patch
    assert len(advice.text) > 20


@pytest.mark.parametrize("rule", GUIDE)
def test_a_patch_is_one_that_the_compiler_takes(rule: str, project: Project) -> None:
    own = ("algorithm.prompts_per_step=1",)  # of two tasks: a larger batch needs more
    plan = compile_spec(project.spec, overrides=own).plan.experiment
    of = next(one for one in guide(plan) if one.name == rule)
    alike = {"metric": "analysis/zero_adv_groups", "values": [[9, 0.9]]}
    patch = advise(of, [alike], plan, hidden_size=64).patch
    changed = compile_spec(project.spec, overrides=(*own, *(patch or "").splitlines()))
    assert (changed.plan.experiment == plan) == (patch is None)
