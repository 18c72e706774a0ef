"""What people and programs read, as snapshots, and the cap of a comment."""

from __future__ import annotations

import json
import re

import pytest

from mrlc.compiler import compile_spec
from mrlc.compiler.diff import Report, compare
from mrlc.compiler.diff.render import human, markdown
from mrlc.compiler.diff.render import json as json_format
from mrlc.compiler.diff.side import of_compiled


@pytest.fixture
def report(project) -> Report:
    """A change of every class, and a spec that is new."""
    project.edit("specs/desk.yaml", "Bike desk.", "Bike `desk` | " + "very long " * 20 + "end.")
    before = of_compiled(compile_spec(project.spec))
    project.edit("specs/desk.yaml", "long end.", "long, but other, end.")
    project.edit("specs/desk.yaml", "name: desk", "name: desk\ndescription: |\n  <b>two\n  lines")
    project.edit("specs/desk.yaml", "{steps: 2,", "{steps: 3,")
    project.edit("specs/desk.yaml", "weight: 0.1", "weight: -0.25")
    project.edit("specs/data/test.jsonl", '"h1"', '"h2"')
    after = [compile_spec(project.spec), compile_spec(project.spec, overrides=["name=new"])]
    notes = ["specs/old.yaml at main does not compile"]
    return compare([before], [of_compiled(one) for one in after], against="main", notes=notes)


def test_human(report, snapshot):
    assert human.render(report) == snapshot


def test_colour_adds_nothing_but_colour(report):
    painted = human.render(report, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == human.render(report)


def test_markdown(report, snapshot):
    assert markdown.render(report) == snapshot


def test_json(report, snapshot):
    found = json.loads(json_format.render(report))
    assert found["schema"] == "mrlc.diff/1"
    assert json.dumps(found, indent=1) == snapshot


def test_nothing_to_say(project):
    side = of_compiled(compile_spec(project.spec))
    report = compare([side], [side], against="main")
    assert human.render(report) == "no changes against main\n"
    assert markdown.render(report).startswith(markdown.MARKER)


def test_table_cells_hold_one_line_and_five_columns(report):
    rows = [line for line in markdown.render(report).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_comment_keeps_below_the_limit(project):
    specs = []
    for number in range(60):
        wide = "環" * 200 + str(number)
        names = [f"name=s{number}", f"environment.system={wide}", "algorithm.steps=7"]
        missing = json.dumps({f"k{i}": "é" * 200 for i in range(90)})
        specs.append([*names, f"environment.tools.0.replay.missing={missing}"])
    new = [of_compiled(compile_spec(project.spec, overrides=one)) for one in specs]
    old = [
        of_compiled(
            compile_spec(project.spec, overrides=[one[0], "environment.tools.0.replay.missing={}"])
        )
        for one in specs
    ]
    text = markdown.render(compare(old, new, against="main"))
    assert len(text.encode()) < 65_536
    assert "more changes" in text
    assert re.search(r"… and \d\d more specs", text)


def test_faults_as_a_comment():
    lines = [f"specs/a.yaml:{n}:1: error[MRLC204] unknown key `x`" for n in range(5000)]
    text = markdown.faults(lines)
    assert text.startswith(markdown.MARKER)
    assert "5000 faults" in text
    assert len(text.encode()) < 65_536
    assert text.rstrip().endswith("more")
