"""Scripted gates on planted defects: each is found by its gate, with the place."""

from __future__ import annotations

import json

import pytest

from mrlc.runtime.environment.back_ends import execute
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.gates.checks.components import components
from mrlc.runtime.gates.checks.determinism import determinism
from mrlc.runtime.gates.checks.golden import golden
from mrlc.runtime.gates.checks.isolation import isolation
from tests.runtime.gates.conftest import GOLDEN, solvable

TOOL = """\
    - name: extra
      parameters:
        bike: {type: string}
      python: "tools.py:extra"
  answer:
"""
SOUND = "def extra(bike):\n    return {'bike': bike}\n"
DEFECTS = {
    "chance": ("import random\ndef extra(bike):\n    return {'n': random.random()}\n", "E1"),
    "the clock": ("import time\ndef extra(bike):\n    return {'at': time.time_ns()}\n", "E1"),
    "an order by hash": (
        "def extra(bike):\n    return {'all': list({'a', 'b', 'c', 'd', 'e', 'f'})}\n", "E1"),
    "a counter": ("N = []\ndef extra(bike):\n    N.append(bike)\n    return {'n': len(N)}\n", "E1"),
    "a thread": (
        ("import threading, time\ndef extra(bike):\n"
        "    threading.Thread(target=time.sleep, args=(6,), daemon=True).start()\n"), "E2"),
    "a file": ("import tempfile\ndef extra(bike):\n    tempfile.mkstemp()\n", "E2"),
    "a process": (
        ("import subprocess\nKEPT = []\ndef extra(bike):\n"
        "    KEPT.append(subprocess.Popen(['sleep', '6']))\n"), "E2"),
    "a shared booking": (
        ("MINE = {}\ndef extra(bike, episode):\n"
        "    owner = MINE.setdefault(bike, id(episode.memory))\n"
        "    return {'mine': owner == id(episode.memory)}\n"), "E2"),
    "a toggle": (
        ("IN = set()\nasync def extra(bike):\n    IN.symmetric_difference_update({bike})\n"
        "    return {'in': bike in IN}\n"), "E2"),
    "death": ("import os\ndef extra(bike):\n    os._exit(3)\n", "E1"),
}  # fmt: skip


@pytest.fixture
def desk(project):
    solvable(project)
    project.edit("specs/desk.yaml", "  answer:\n", TOOL)
    project.write("specs/tools.py", SOUND)
    return project


def test_a_sound_environment_passes(desk, make_case):
    case = make_case()
    for check in (determinism, isolation, components, golden):
        assert check(case).verdict == "pass", check(case).said


RUNS_CODE = TOOL.replace('python: "tools.py:extra"', "execute: {language: LANGUAGE}")


@pytest.mark.parametrize("language", ["python", "python, isolation: process", "arithmetic"])
def test_workers_of_a_sandbox_are_no_leak(project, make_case, language):
    solvable(project)
    project.edit("specs/desk.yaml", "  answer:\n", RUNS_CODE.replace("LANGUAGE", language))
    execute.close()
    try:
        case = make_case()
        case.world  # noqa: B018 -- loading it probes the tier
    except PlanFault as fault:
        pytest.skip(fault.message)
    assert isolation(case).said.endswith("nothing leaks")


@pytest.mark.parametrize("defect", DEFECTS)
def test_defects_of_the_environment(desk, make_case, defect):
    code, gate = DEFECTS[defect]
    desk.write("specs/tools.py", code)
    case = make_case()
    if gate == "E1":
        assert determinism(case).verdict == "fail"
    found = {"E1": determinism, "E2": isolation}[gate](case)
    assert (found.verdict, bool(found.help)) == ("fail", True)
    if found.offenders:
        assert "tool `extra`, field `" in found.said


def test_the_first_tool_and_field_that_differ_are_named(desk, make_case):
    desk.write("specs/tools.py", DEFECTS["a counter"][0])
    found = determinism(make_case())
    assert "tool `extra`, field `n`: " in found.said
    assert found.said.endswith("when played again in the same process")


COMPONENTS = {
    "a crash": ("def polite(t):\n    raise KeyError('x')\n", "failed on task"),
    "out of range": ("def polite(t):\n    return 7\n", "not a number from 0 to 1"),
    "a hang": (
        "def polite(t):\n    while True: pass\n",
        "took longer than 0.3 s in specs/rewards.py:polite, at line 2"),
    "two minds": (
        "N = []\ndef polite(t):\n    N.append(1)\n    return 1 / len(N)\n", "scored twice"),
}  # fmt: skip


@pytest.mark.parametrize("defect", COMPONENTS)
def test_defects_of_the_reward(desk, make_case, defect):
    code, words = COMPONENTS[defect]
    desk.write("specs/rewards.py", code)
    found = components(make_case("turns.score_timeout_s=0.3"))
    assert found.verdict == "fail"
    assert words in found.said


def test_rows_that_cannot_be_solved_are_listed_with_the_difference(desk, make_case):
    desk.edit("specs/data/test.jsonl", '"days": 9', '"days": 8')
    desk.edit(
        "specs/desk.yaml",
        '"{{ task.expected }}"',
        '{job: "{{ results[0].job }}", days: "{{ results[0].days }}"}',
    )
    found = golden(make_case())
    assert (found.verdict, found.numbers["solved"]) == ("fail", 3)
    assert found.said == (
        "1 of 4 tasks are not solved; `h1`: the evaluation gives 0; "
        "expected → answered: days: 8 → 9"
    )
    (offender,) = found.offenders
    assert offender.components == {"fields": 0.5, "polite": 1.0}
    assert offender.turns[-1] == "[answered]"


def test_walk_that_cannot_go_on_is_at_fault(desk, make_case):
    desk.edit("specs/desk.yaml", '"{{ task.expected }}"', '"{{ results[0].nothing }}"')
    assert golden(make_case()).help.startswith("mend the walk: ")


def test_tool_that_fails_in_a_walk_is_at_fault(desk, make_case):
    old = desk.root / "specs" / "tools.py"
    failing = "\n\ndef broken(bike):\n    raise ValueError\n"
    desk.write("specs/tools.py", (old.read_text() if old.exists() else "") + failing)
    text = desk.spec.read_text()
    start, end = text.index("      replay:"), text.index("    - name: book")
    desk.spec.write_text(f"{text[:start]}      python: tools.py:broken\n{text[end:]}")
    case = make_case("turns={human: 2, max_tokens: 64, tool_result_tokens: 64}")
    assert golden(case).help.startswith("mend the tool: ")


def test_a_walk_needs_no_more_turns_than_a_person(desk, make_case):
    found = golden(make_case("turns={human: 1, max_turns: 3, max_tokens: 64}"))
    assert (found.verdict, found.numbers["turns"]) == ("fail", 2)
    assert found.help == "write `turns: {human: 2}`; the turn limit follows"


def test_success_that_is_paid_less_is_said(desk, make_case):
    desk.write("specs/rewards.py", "def polite(t):\n    return 0.0\n")
    found = golden(make_case())
    assert "it earns 0.9 of 1 (fields 1, polite 0)" in found.said


def test_a_recorded_walk(desk, make_case):
    rows = []
    for task, days, job in (("t1", 3, "J1"), ("h1", 9, "J4")):
        answer = json.dumps({"job": job, "days": days})
        message = {"role": "assistant", "content": f"<final_output>{answer}</final_output>"}
        rows.append(json.dumps({"task": task, "messages": [message]}) + "\n")
    desk.write("specs/golden.jsonl", "".join(rows))
    desk.edit("specs/desk.yaml", GOLDEN, "gates: {golden: {file: golden.jsonl}}\n")
    found = golden(make_case())
    assert found.said == "all 2 tasks are solved, in 1 turns at most (`turns.human` is 2)"


def test_without_a_walk_it_says_what_to_write(project, make_case):
    found = golden(make_case())
    assert found.verdict == "insufficient evidence"
    assert found.help is not None
    assert found.help.startswith("write how a person solves a task: gates: {golden: {walk:")
