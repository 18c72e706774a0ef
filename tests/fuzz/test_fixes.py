"""Laws of `--fix`, over specs with mistakes of every kind.

Only the edited lines change; a text that parsed still parses; mending again changes nothing.
"""

from __future__ import annotations

from random import Random

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.diagnostics import Diagnostic, fail_on
from mrlc.compiler.fix import apply
from mrlc.compiler.source import BREAK, as_source, parse
from tests.conftest import FILES
from tests.fuzz.mutate import key, line, misspell, value

SPEC = "specs/desk.yaml"


def parses(text: str) -> bool:
    try:
        faults: list[Diagnostic] = []
        parse(text, as_source(text, SPEC), faults)
        fail_on(faults)
    except CompileFailed:
        return False
    return True


@pytest.mark.parametrize("block", range(8))
def test_laws(project, block):
    mended = 0
    for seed in range(block * 25, block * 25 + 25):
        random = Random(f"fix {seed}")
        text = FILES[SPEC].replace("\n", random.choice(["\n", "\r\n", " # é 🚲\n"]))
        for _ in range(3):
            text = random.choice([misspell, misspell, misspell, value, key, line])(random, text)
        before = text.encode("utf-8", "replace")
        project.spec.write_bytes(before)
        fixed = apply(lambda: _faults(project), unsafe=seed % 2 == 1)
        after = project.spec.read_bytes()
        _only_edited_lines_change(before, after, {edit.span.line for _, edit in fixed.edits})
        assert parses(after.decode()) or not parses(before.decode()), seed
        again = apply(lambda: _faults(project), unsafe=seed % 2 == 1)
        assert (again.mended, project.spec.read_bytes()) == ((), after), seed
        assert again.remaining == fixed.remaining
        mended += len(fixed.mended)
    assert mended > 1, "the mutations no longer make mistakes that can be mended"


def _faults(project):
    try:
        compile_spec(project.spec)
    except CompileFailed as error:
        return error.diagnostics
    return ()


def _only_edited_lines_change(before: bytes, after: bytes, edited: set[int]) -> None:
    old, new = BREAK.split(before.decode()), BREAK.split(after.decode())
    assert len(old) == len(new)
    changed = {
        number for number, pair in enumerate(zip(old, new, strict=True), 1) if len({*pair}) > 1
    }
    assert changed <= edited
