from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from mrlc.runtime.code import blame, describe, load_callable
from mrlc.runtime.errors import PlanFault

CODE = """
from dataclasses import dataclass
runs = []
runs.append(1)

@dataclass
class Point:
    x: int

def count():
    return len(runs)

def fail():
    raise ValueError("two\\nlines")

number = 3
"""


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/code.py").write_text(CODE)
    return tmp_path


def test_a_file_runs_once(inputs: Path) -> None:
    names = ["count", "count", "Point"]
    first, again, point = (load_callable(f"sub/code.py:{name}", inputs, path="p") for name in names)
    assert first is again
    assert first() == 1
    assert pickle.loads(pickle.dumps(point(2))) == point(2)


def test_same_name_in_two_folders_is_two_modules(inputs: Path) -> None:
    (inputs / "code.py").write_text("def count(): return 'other'")
    assert load_callable("code.py:count", inputs, path="p")() == "other"
    assert load_callable("sub/code.py:count", inputs, path="p")() == 1


@pytest.mark.parametrize(
    ("reference", "message", "help"),
    [
        ("sub/code.py:cout", "sub/code.py has no `cout`", "did you mean `count`?"),
        ("sub/code.py:zzz", "sub/code.py has no `zzz`", None),
        ("sub/code.py:number", "`number` in sub/code.py is not a function", None),
        ("none.py:x", "none.py cannot be loaded: FileNotFoundError", None),
        ("exit.py:x", "exit.py cannot be loaded: SystemExit: 3 at exit.py:2", None),
        ("broken.py:x", "broken.py cannot be loaded: SyntaxError", None),
    ],
)
def test_fault(inputs: Path, reference: str, message: str, help: str | None) -> None:
    (inputs / "exit.py").write_text("import sys\nsys.exit(3)")
    (inputs / "broken.py").write_text("def")
    with pytest.raises(PlanFault) as caught:
        load_callable(reference, inputs, path="environment.tools.0.python")
    assert caught.value.message.startswith(message)
    assert caught.value.path == "environment.tools.0.python"
    assert caught.value.help == help


def test_one_line_for_an_error(inputs: Path) -> None:
    with pytest.raises(ValueError, match="two") as caught:
        load_callable("sub/code.py:fail", inputs, path="p")()
    assert describe(caught.value) == "ValueError: two lines at code.py:14"
    assert blame(caught.value) == "ValueError at code.py:14"
    assert blame(KeyError("x")) == "KeyError"
