"""Distractors are tools: what is checked of a tool is checked of them, and nothing asks for them."""

from __future__ import annotations

import json

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.rules import token_budget
from mrlc.compiler.subject import Subject

SPEC = "specs/desk.yaml"
ANSWER = "  answer:\n"
STOCK = """\
  distractors:
    tools:
      - name: parts
        parameters: {part: {type: string}}
        replay: {table: parts.csv, match: {part: part}, types: {days: integer}}
      - {name: open_hours_of_the_whole_week, reply: 9 to 5}
    per_episode: 1
"""
PARTS = "part,days\nP1,3\n"


def faults(project) -> list[tuple[str, str]]:
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec)
    return [(fault.code, fault.path) for fault in caught.value.diagnostics]


@pytest.fixture
def stocked(project):
    project.edit(SPEC, ANSWER, STOCK + ANSWER)
    project.write("specs/parts.csv", PARTS)
    return project


def test_a_file_of_a_distractor_is_an_input(stocked):
    compiled = compile_spec(stocked.spec)
    assert not compiled.warnings
    assert "specs/parts.csv" in compiled.plan.inputs


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "path"),
    [
        (SPEC, "name: parts", "name: book", "MRLC334", "distractors.tools.0.name"),
        (SPEC, "{part: part}", "{part: number}", "MRLC324", "distractors.tools.0.replay.match.part"),
        ("specs/parts.csv", "P1,3", "P1,three", "MRLC331", "distractors.tools.0.replay.types.days"),
        (SPEC, "reply: 9 to 5", "ends_episode: true", "MRLC209", "distractors.tools.1"),
        (SPEC, "per_episode: 1", "per_episode: 0", "MRLC207", "distractors.per_episode"),
    ],
)  # fmt: skip
def test_faults_are_those_of_tools(stocked, file, old, new, code, path):
    stocked.edit(file, old, new)
    assert faults(stocked) == [(code, f"environment.{path}")]


def test_a_demonstration_calls_no_distractor(stocked):
    stocked.edit("specs/data/demos.jsonl", '"find_bike"', '"parts"')
    assert faults(stocked) == [("MRLC336", "warm_start.demonstrations")]


def export(*names: str) -> str:
    properties = {"find_bike": {"bike": "string"}, "book": {"day": "integer"}}
    tools = [
        {
            "name": name,
            "parameters": {
                "properties": {k: {"type": v} for k, v in properties.get(name, {}).items()},
                "required": list(properties.get(name, {})),
            },
        }
        for name in names
    ]
    return json.dumps(tools)


def test_a_tool_that_ships_may_be_a_distractor(stocked):
    stocked.edit(SPEC, ANSWER, "  production: tools.json\n" + ANSWER)
    name = "open_hours_of_the_whole_week"
    stocked.write("specs/tools.json", export("find_bike", "book", name))
    assert not compile_spec(stocked.spec).warnings
    stocked.write("specs/tools.json", export("find_bike", "book", "parts"))  # has no `part` there
    assert faults(stocked) == [("MRLC519", "environment.distractors.tools.0.parameters.part")]


def test_the_token_budget_counts_those_that_are_shown(project, monkeypatch):
    seen: list[Subject] = []
    monkeypatch.setattr(token_budget, "_context", lambda subject: seen.append(subject))

    def budget() -> token_budget.Budget:
        compile_spec(project.spec)
        return token_budget.budget(seen[-1])

    plain = budget()
    project.edit(SPEC, ANSWER, STOCK + ANSWER)
    project.write("specs/parts.csv", PARTS)
    one = budget()
    project.edit(SPEC, "per_episode: 1", "per_episode: 2")
    both = budget()
    assert one.longest - plain.longest == len(", open_hours_of_the_whole_week()")
    assert both.longest - plain.longest == len(", parts(part), open_hours_of_the_whole_week()")
    assert plain.prompt < one.prompt < both.prompt
