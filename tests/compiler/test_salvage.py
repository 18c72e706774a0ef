"""Every mistake at once: faults of different passes are found in one round."""

from __future__ import annotations

import random
import re

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.example import FILES

from .test_faults import CASES, SPEC

STOPS = {"MRLC101", "MRLC102", "MRLC103", "MRLC109", "MRLC306", "MRLC307", "MRLC330"}
"""Codes after which there is nothing more to read."""


def found(project) -> list[str]:
    with pytest.raises(CompileFailed) as failed:
        compile_spec(project.spec)
    return [f"{fault.code} {fault.path}" for fault in failed.value.diagnostics]


HIDE = {"bad parameter name", "two back ends", "unknown choice", "wrong suffix"}
"""Cases that leave nothing sound of the tool, component or database that others are about."""


def pairs() -> list[tuple[str, str]]:
    """Cases that edit the spec at places apart, and leave it readable."""
    able = [
        name
        for name, (code, file, *_) in CASES.items()
        if file == SPEC and code not in STOPS and name not in HIDE
    ]
    every = [(a, b) for a in able for b in able if a < b and not _touch(a, b)]
    return sorted(random.Random(1).sample(every, 200))


def _touch(a: str, b: str) -> bool:
    """Whether two cases edit the same lines."""
    text = FILES[SPEC]
    lines = []
    for name in (a, b):
        old = CASES[name][2]
        start = text.index(old)
        lines.append(set(range(text[:start].count("\n"), text[: start + len(old)].count("\n") + 1)))
    return bool(lines[0] & lines[1])


@pytest.mark.parametrize(("a", "b"), pairs(), ids=lambda name: name)
def test_two_faults_are_found_in_one_round(project, a, b):
    for name in (a, b):
        _, file, old, new = CASES[name]
        project.edit(file, old, re.sub("[«»]", "", new))
    codes = {line.split()[0] for line in found(project)}
    assert {CASES[a][0], CASES[b][0]} <= codes


def test_a_rule_is_told_no_value_that_nobody_wrote(project):
    """A misspelt `prompts_per_step` is not its default, of which there would be too few tasks."""
    project.edit(SPEC, "prompts_per_step: 2", "prompts_per_stp: 2")
    assert found(project) == ["MRLC204 algorithm.prompts_per_stp"]


def test_a_missing_file_hides_only_itself(project):
    project.edit(SPEC, '"rewards.py:polite"', '"reward.py:polite"')
    project.edit(SPEC, "task.question", "task.qestion")
    assert found(project) == [
        "MRLC324 environment.prompt",
        "MRLC310 reward.components.1.python",
    ]


def test_a_section_that_contradicts_itself_is_a_gap(project):
    """Its own validator did not run beside the field at fault, but the rules count on it."""
    project.edit(SPEC, "turns: {human: 2}", 'turns: {max_tokens: "9"}')
    project.edit(SPEC, "task.question", "task.qestion")
    assert found(project) == ["MRLC324 environment.prompt", "MRLC205 turns.max_tokens"]
