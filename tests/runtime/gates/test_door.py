"""The lock: what keeps it shut, and that evidence goes stale just when what it is bound to changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.gates.door import DoorShut, asked, every, open_door, refusals
from mrlc.runtime.gates.evidence import moved, shown, write_evidence
from mrlc.runtime.gates.gate import Finding
from mrlc.schemas.evidence import Evidence
from mrlc.schemas.plan import PARTS
from tests.waivers import WAIVED


def earned(plan, folder: Path, **verdicts: str) -> Path:
    gates = {
        gate.code: shown(gate, Finding(verdicts.get(gate.code, "pass"), "so"), plan)
        for gate in asked(plan)
    }
    write_evidence(Evidence(experiment=plan.experiment.name, gates=gates), plan, folder)
    return folder


def shut(plan, folder: Path) -> dict[str, str]:
    return {one.code: one.why for one in refusals(plan, folder)}


def test_shut_without_evidence_and_open_with_it(project, tmp_path):
    plan = compile_spec(project.spec).plan
    with pytest.raises(DoorShut) as caught:
        open_door(plan, Path("build/desk"), tmp_path)
    assert caught.value.command == "mrlc gate build/desk"
    assert {one.why for one in caught.value.refusals} == {"no evidence yet"}
    open_door(plan, Path("build/desk"), earned(plan, tmp_path))


def test_each_reason_is_said_with_the_command_that_earns_it(project, tmp_path):
    before = compile_spec(project.spec).plan
    folder = earned(before, tmp_path, T2="insufficient evidence", E1="fail")
    after = compile_spec(project.spec, overrides=["reward.components.1.weight=0.05"]).plan
    found = shut(after, folder)
    assert found["T2"] == "insufficient evidence: so"
    assert found["E1"] == "fail: so"
    assert found["R4"] == "stale: reward changed since"
    assert set(found) == {"E1", "R5", "golden", "R2", "R3", "R4", "T2"}
    with pytest.raises(DoorShut) as caught:
        open_door(after, Path("b"), folder)
    assert caught.value.command == "mrlc gate b --only E1,R5,golden,R2,R3,R4,T2"


def test_a_waiver_opens_its_gate_alone(project, tmp_path):
    waived = compile_spec(project.spec, overrides=['gates.waive={V2: "the base is a stub"}']).plan
    assert "V2" not in shut(waived, tmp_path)
    assert "E1" in shut(waived, tmp_path)
    assert shut(compile_spec(project.spec, overrides=[WAIVED]).plan, tmp_path) == {}


def test_evidence_that_cannot_be_read_is_a_fault(project, tmp_path):
    (tmp_path / "desk.json").write_text('{"format": "mrlc.gates/1"')
    with pytest.raises(PlanBroken, match="not the evidence of gates"):
        shut(compile_spec(project.spec).plan, tmp_path)


def test_evidence_is_the_same_bytes_and_says_no_time(project, tmp_path):
    plan = compile_spec(project.spec).plan
    texts = [(earned(plan, tmp_path / name) / "desk.json").read_bytes() for name in "ab"]
    assert texts[0] == texts[1]
    assert set(json.loads(texts[0])) == {"format", "experiment", "gates"}


def test_every_gate_is_bound_to_known_parts_and_has_a_page():
    for gate in every():
        assert set(gate.bound) <= set(PARTS)
        assert len(gate.page.split("\n\n")) >= 3, gate.code


EDITS: dict[str, set[str]] = {
    "name=other": set(), "description=words": set(), "target.local.threads=2": set(),
    "gates.rollouts=64": set(), 'gates.waive={V2: "the base is a stub"}': set(),
    "algorithm.steps=3": set(), "algorithm.learning_rate=0.5": set(),
    "evaluation.pass_at=[1, 2]": set(), "evaluation.every_steps=3": set(),
    "algorithm.group_size=8": {"algorithm.group_size"},
    "algorithm.temperature=0.7": {"algorithm.temperature"},
    "turns.human=3": {"turns"}, "environment.system=Desk.": {"environment"},
    "environment.tools.0.replay.missing=1": {"environment"},
    "reward.components.1.weight=0.05": {"reward"}, "warm_start.steps=7": {"warm_start"},
    "model.tiny={layers: 1}": {"model"}, "gates.success_threshold=0.9": {"gates.success_threshold"},
    "gates.golden={walk: [{say: x}]}": {"gates.golden"},
}  # fmt: skip


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(sorted(EDITS)), max_size=3, unique=True))
def test_stale_when_and_only_when_what_it_is_bound_to_changes(project, edits):
    before = compile_spec(project.spec).plan
    try:
        after = compile_spec(project.spec, overrides=edits).plan
    except CompileFailed:
        return
    changed = {part for edit in edits for part in EDITS[edit]}
    for gate in every():
        evidence = shown(gate, Finding("pass", "so"), before)
        assert set(moved(gate, evidence, after)) == changed & set(gate.bound)


FILES = {
    "specs/data/train.jsonl": ('"days": 3', '"days": 4', "data.train"),
    "specs/data/test.jsonl": ('"h1"', '"h2"', "data.test"),
    "specs/bikes.csv": ("1,J1,3", "1,J1,4", "environment"),
    "specs/rewards.py": ("1.0", "0.5", "reward"),
    "specs/data/demos.jsonl": ('"content": "J1"', '"content": "J2"', "warm_start"),
}


@pytest.mark.parametrize("file", FILES)
def test_the_content_of_files_counts(project, file):
    before = compile_spec(project.spec).plan.digests.sections
    old, new, part = FILES[file]
    project.edit(file, old, new)
    after = compile_spec(project.spec).plan.digests.sections
    assert {name for name in PARTS if before[name] != after[name]} == {part}
