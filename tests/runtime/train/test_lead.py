"""Episodes played ahead: by exactly the weights that are promised, again after a resume."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

import pytest
import torch

from mrlc.runtime.train.lead import KEPT, sampling_copy, trained_weights
from mrlc.runtime.train.rollouts import Rollouts, rollouts_loop
from tests.runtime.train.conftest import Bench, Interrupted, trajectories, weights

STEPS = 4


def version(model: Any) -> str:
    values = b"".join(v.detach().numpy().tobytes() for v in model.state_dict().values())
    return hashlib.sha256(values).hexdigest()


def ahead(lead: int) -> str:
    return f"algorithm.max_steps_off_policy={lead}"


def rows(run: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("lora", ["null", "{rank: 4, alpha: 8}"], ids=["whole", "adapter"])
@pytest.mark.parametrize("lead", [1, 2])
def test_each_step_is_played_by_the_weights_it_was_promised(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, lead: int, lora: str
) -> None:
    setup, run = bench.prepare(ahead(lead), f"model.lora={lora}", f"algorithm.steps={STEPS}")
    played, known = [], []
    policy_of, call = Rollouts._policy_of, Rollouts.__call__
    monkeypatch.setattr(
        Rollouts, "_policy_of", lambda self, m: (played.append(version(m)), policy_of(self, m))[1]
    )
    monkeypatch.setattr(
        Rollouts,
        "__call__",
        lambda self, prompts, trainer: (
            known.append(version(trainer.model)),
            call(self, prompts, trainer),
        )[1],
    )
    loop = rollouts_loop(setup, run, setup.base.model)
    with loop.playing:
        loop.trainer.train()
    assert len(set(known)) == STEPS
    assert played == [known[max(0, step - lead)] for step in range(STEPS)]


def test_the_trainer_asks_for_the_episodes_that_were_played(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, run = bench.prepare(ahead(1))
    asked = []
    call = Rollouts.__call__

    def noted(self: Rollouts, prompts: list[str], trainer: Any) -> Any:
        asked.extend(setup.tasks["train"][int(prompt)].id for prompt in prompts)
        return call(self, prompts, trainer)

    monkeypatch.setattr(Rollouts, "__call__", noted)
    loop = rollouts_loop(setup, run, setup.base.model)
    with loop.playing:
        loop.trainer.train()
    assert [json.loads(line)["task"] for line in trajectories(run).splitlines()] == asked


def test_equal_seeds_give_equal_bytes_and_a_lead_changes_them(bench: Bench) -> None:
    one, again, without = bench.run(ahead(1)), bench.run(ahead(1)), bench.run()
    assert weights(one) == weights(again)
    assert trajectories(one) == trajectories(again)
    assert weights(one) != weights(without)
    first = [row for row in map(json.loads, trajectories(one).splitlines()) if row.get("step") == 1]
    known = list(map(json.loads, trajectories(without).splitlines()))
    assert first == [row for row in known if row.get("step") == 1]


def test_the_ratio_is_to_the_policy_that_played(bench: Bench) -> None:
    metrics = rows(bench.run(ahead(1)))
    ratios = [row["train/off_policy_ratio"] for row in metrics]
    assert ratios[0] == pytest.approx(1.0, abs=1e-5)
    assert all(abs(ratio - 1.0) > 1e-4 for ratio in ratios[1:])
    assert all("train/off_policy_ratio" not in row for row in rows(bench.run()))


@pytest.mark.parametrize("at", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_an_interrupted_run_resumes_to_the_same_bytes(bench: Bench, at: int) -> None:
    undisturbed = bench.run(ahead(2))
    run = bench.interrupted(ahead(2), at=("training", at))
    assert not [t for t in threading.enumerate() if t.name.startswith("mrlc-lead")]
    bench.resume(run.path)
    assert weights(run) == weights(undisturbed)
    assert trajectories(run) == trajectories(undisturbed)
    assert run.evaluation.read_bytes() == undisturbed.evaluation.read_bytes()
    assert all((c / KEPT).exists() for c in undisturbed.checkpoints.glob("checkpoint-*"))


def test_a_failure_of_an_episode_reaches_the_trainer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup, run = bench.prepare(ahead(1))
    loop = rollouts_loop(setup, run, setup.base.model)

    def broken(*_: Any) -> None:
        raise Interrupted

    monkeypatch.setattr(Rollouts, "_policy_of", broken)
    with pytest.raises(Interrupted), loop.playing:
        loop.trainer.train()


def test_a_copy_computes_with_its_own_weights(bench: Bench) -> None:
    """TRL hangs a `forward` on the model that calls the one it found, with that one's weights."""
    setup, run = bench.prepare(ahead(1))
    model = rollouts_loop(setup, run, setup.base.model).trainer.model
    made, ids = sampling_copy(model), torch.tensor([[5, 6, 7]])
    assert torch.equal(made(ids).logits, model(ids).logits)
    for value in made.parameters():
        value.data.mul_(1.5)
    assert not torch.allclose(made(ids).logits, model(ids).logits)
    assert trained_weights(model).keys() == {name for name, _ in model.named_parameters()}
