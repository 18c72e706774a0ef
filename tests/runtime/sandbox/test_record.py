"""A run says what kept the model's code in; a run without such tools says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.rules.execute import tool_with
from mrlc.runtime.environment import Environment
from mrlc.runtime.record import create_run
from mrlc.runtime.setup import load_plan


@pytest.mark.parametrize("language", ["arithmetic", None])
def test_tiers_are_in_run_json(project: Any, tmp_path: Any, language: str | None) -> None:
    for edit in tool_with(f"{{language: {language}}}") if language else ():
        project.edit("specs/desk.yaml", edit.old, edit.new)
    folder = write_plan(compile_spec(project.spec), tmp_path / "build")
    plan = load_plan(folder)
    tiers = Environment.load(plan.experiment, folder / "inputs").tiers
    run = create_run(tmp_path / "runs", folder, plan, seed=1, isolation=tiers)
    about = json.loads((run.path / "run.json").read_text())
    expected = {"isolation": {"calc": "interpreter: simpleeval"}} if language else {}
    assert about == {"seed": 1, "semantic": plan.digests.semantic, "tallies": True, **expected}
