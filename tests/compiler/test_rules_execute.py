"""Executing tools: which parameter, which tier, which state."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_variants
from mrlc.compiler.rules.execute import CODE, tool_with

from .test_rules import codes

BOTH = "parameters: {a: {type: string}, n: {type: integer}}"


@pytest.mark.parametrize(
    ("execute", "parameters", "expected"),
    [
        ("{language: python}", BOTH, set()),
        ("{language: python}", "parameters: {n: {type: integer}}", {"MRLC220"}),
        ("{language: python, argument: n}", BOTH, {"MRLC220"}),
        ("{language: python, argument: b}", BOTH, {"MRLC220"}),
        ("{language: sql, state: shop}", CODE, set()),
        ("{language: sql, state: shp}", CODE, {"MRLC332"}),
        ("{language: sql}", CODE, {"MRLC209"}),
        ("{language: python, state: shop}", CODE, {"MRLC209"}),
        ("{language: shell, isolation: interpreter}", CODE, {"MRLC221"}),
        ("{language: shell, cpu_s: 1, max_file_mb: 1}", CODE, set()),
        ("{language: python, cpu_s: 1}", CODE, {"MRLC222"}),
        ("{language: python, isolation: process, cpu_s: 1, max_file_mb: 1}", CODE, set()),
        ("{language: arithmetic, memory_mb: 64}", CODE, {"MRLC222"}),
        ("{language: python, timeout_s: 61}", CODE, {"MRLC207"}),
        ("{language: python, memory_mb: 1}", CODE, {"MRLC207"}),
        ("{language: ruby}", CODE, {"MRLC206"}),
    ],
)
def test_codes(tmp_path, execute, parameters, expected):
    assert codes(tmp_path, tool_with(execute, parameters)) == expected


def test_an_unknown_state_has_a_fix(tmp_path):
    from mrlc.compiler.example import write

    with pytest.raises(CompileFailed) as caught:
        compile_variants(write(tmp_path.resolve(), tool_with("{language: sql, state: shp}")))
    (fault,) = caught.value.diagnostics
    assert fault.help == "did you mean `shop`?"
    assert fault.fix is not None


@pytest.mark.parametrize(
    ("isolation", "code", "is_found"),
    [
        ("auto", "x = (", True),
        ("auto", "import statistics", True),
        ("process", "import statistics", False),
        ("process", "import numpy", True),
        ("auto", "def f():\\n  yield 1", True),
        ("process", "def f():\\n  yield 1", False),
        ("auto", "from math import sqrt", False),
    ],
)
def test_demonstrated_code(tmp_path, isolation, code, is_found):
    from mrlc.compiler.rules.demonstrated_code import _shown

    edits = _shown(code)
    tool = edits[0]._replace(
        new=edits[0].new.replace(
            "{language: python}", f"{{language: python, isolation: {isolation}}}"
        )
    )
    assert codes(tmp_path, (tool, *edits[1:])) == ({"MRLC541"} if is_found else set())
