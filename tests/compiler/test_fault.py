"""A fault of a run is shown in the spec."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mrlc.compiler import compile_spec, diagnose_fault, write_plan


@dataclass
class Fault:
    path: str
    message: str = "the template is not prefix-preserving"
    help: str | None = None


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ("model.base", 3, 15),
        ("environment.tools.0.replay.table", 18, 16),
        ("environment.tools.0.replay.mode", 17, 7),
        ("algorithm.beta", 38, 1),
        ("target.local", 1, 1),
        ("", 1, 1),
    ],
)
def test_fault_is_at_its_path_or_above(project, path, line, column):
    folder = write_plan(compile_spec(project.spec), project.root / "build")
    found = diagnose_fault(Fault(path), folder)
    assert (found.code, found.span.file) == ("MRLC390", str(project.spec))
    assert (found.span.line, found.span.column) == (line, column)


def test_without_provenance_the_plan_is_the_place(tmp_path):
    assert diagnose_fault(Fault("model"), tmp_path).span.file == str(tmp_path / "plan.json")
