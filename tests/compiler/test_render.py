"""What a person and a program are shown. Update with `pytest --snapshot-update`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.diagnostics import Diagnostic, Label, Span
from mrlc.compiler.render import concise, human
from mrlc.compiler.render import json as json_format

BASE = Path("/project")


def span(text: str, column: int, end: int, *, line: int = 7, file: str = "specs/a.yaml") -> Span:
    return Span(f"{BASE}/{file}", line, column, line, end, text)


FAULTS = {
    "plain": Diagnostic(
        "MRLC204",
        "unknown key `group_sze`",
        span("algorithm: {group_sze: 8}", 13, 22),
        "not a field of `algorithm`",
        help="did you mean `group_size`?",
    ),
    "two places": Diagnostic(
        "MRLC104",
        "duplicate key `name`",
        span("name: b", 1, 5, line=120),
        "written again here",
        (Label(span("name: a", 1, 5, line=2, file="specs/base.yaml"), "first written here"),),
    ),
    "wide letters": Diagnostic(
        "MRLC203", "wide", span("名前: 自転車 x 🚲 y", 5, 8), "three letters"
    ),
    "after an emoji": Diagnostic("MRLC203", "wide", span("a: 🚲 key", 6, 9), "key"),
    "tabs": Diagnostic("MRLC102", "tabs", span("a:\tb\t: c", 4, 5), "b"),
    "control characters": Diagnostic(
        "MRLC206", "hostile \x1b[2J\u202e text", span("a: \x1b[31mred\u202e", 4, 9), "here\r"
    ),
    "long line": Diagnostic(
        "MRLC320", "long", span("x" * 300 + "HERE" + "y" * 300, 301, 305), "here"
    ),
    "end of line": Diagnostic("MRLC102", "the end", span("abc", 4, 5)),
    "no line": Diagnostic("MRLC101", "no such file", span("", 1, 1, line=1), help="look elsewhere"),
    "several lines": Diagnostic(
        "MRLC209", "block", Span(f"{BASE}/a.yaml", 3, 3, 9, 1, "  - name: x"), "all of it"
    ),
    "option": Diagnostic("MRLC307", "bad", Span("--set", 1, 1, 1, 4, "a.b"), "no value"),
    "elsewhere": Diagnostic("MRLC310", "outside", Span("/other/a.yaml", 1, 1, 1, 2, "abc")),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_human(fault, snapshot):
    assert human.render([fault], base=BASE) == snapshot


def test_human_in_colour(snapshot):
    assert human.render([FAULTS["plain"]], base=BASE, colour=True) == snapshot


def test_concise(snapshot):
    assert concise.render(list(FAULTS.values()), base=BASE) == snapshot


def test_json(snapshot):
    text = json_format.render(list(FAULTS.values()), base=BASE)
    assert text.count("\n") == 1
    assert json.loads(text) == snapshot


def test_many_faults_of_one_file_are_counted():
    faults = [Diagnostic("MRLC320", "bad", span("x", 1, 2, line=i)) for i in range(1, 60)]
    text = human.render(faults, base=BASE)
    assert text.count("error[") == human.PER_FILE
    assert text.endswith("… and 9 more in specs/a.yaml\n\n")


def test_no_raw_control_character_reaches_the_terminal():
    text = human.render(list(FAULTS.values()), base=BASE)
    assert not [letter for letter in text if letter != "\n" and not letter.isprintable()]


def test_whole_report(project, snapshot):
    """A spec with several faults, as the command line shows it."""
    project.edit("specs/desk.yaml", "group_size: 4", "group_sze: 4")
    project.edit("specs/desk.yaml", "base: tiny", "base: 1e3")
    project.edit("specs/desk.yaml", "data/test.jsonl", "data/tests.jsonl")
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec)
    assert human.render(caught.value.diagnostics, base=project.root) == snapshot
