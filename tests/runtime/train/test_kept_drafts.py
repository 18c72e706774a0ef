"""A resumed run guesses from what one left alone does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mrlc.runtime.record import RunFolder
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.runtime.rollout.policies.transformers.drafts import Drafts
from mrlc.runtime.train.checkpoints import MARKER
from mrlc.runtime.train.kept_drafts import KEPT
from tests.runtime.train.conftest import Bench, weights


def kept(run: RunFolder, step: int) -> dict[str, list[list[int]]]:
    with np.load(run.checkpoints / f"checkpoint-{step}" / KEPT) as tables:
        return {name: table.tolist() for name, table in tables.items()}


@pytest.mark.parametrize("lead", [0, 1])
def test_a_resumed_run_guesses_from_the_same(bench: Bench, lead: int) -> None:
    changes = (f"algorithm.max_steps_off_policy={lead}", "turns.max_tokens=24")
    undisturbed = bench.run(*changes)
    run = bench.interrupted(*changes)
    bench.resume(run.path)
    assert kept(run, 4) == kept(undisturbed, 4)
    assert all(kept(run, 4).values())
    assert weights(run) == weights(undisturbed)


def test_a_checkpoint_without_any_starts_anew(bench: Bench) -> None:
    """As one of an older version does."""
    run = bench.interrupted()
    newest = run.checkpoints / "checkpoint-2"
    without(newest, KEPT)
    bench.resume(run.path)
    assert kept(run, 4)


def test_each_step_learns_for_the_next(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for an evaluation, whose figures are those of `mrlc evaluate`, which saw no training."""
    seen: list[Drafts] = []
    phases: list[str] = []
    session = TransformersPolicy.session

    def noted(self: TransformersPolicy, width: int) -> Any:
        if self.drafts is None:
            phases.append("alone")
        else:
            phases.append("step")
            seen.append(self.drafts)
        return session(self, width)

    monkeypatch.setattr(TransformersPolicy, "session", noted)
    bench.run("evaluation.pass_at=[]")
    # The base, two steps, the validation after them, two steps, the trained model.
    assert phases == ["alone", "step", "step", "alone", "step", "step", "alone"]
    assert all(one is seen[0] for one in seen)


def without(checkpoint: Path, name: str) -> None:
    """Delete a file of a checkpoint, and what its marker says of it."""
    (checkpoint / name).unlink()
    marker = json.loads((checkpoint / MARKER).read_text("utf-8"))
    del marker["files"][name]
    (checkpoint / MARKER).write_text(json.dumps(marker), "utf-8")
