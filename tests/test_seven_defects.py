"""examples/seven-defects: each planted defect is named at its place, and the repaired twin passes."""

from __future__ import annotations

import difflib
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import CompileFailed, compile_spec
from mrlc.runtime.demonstrations import load_demonstrations
from mrlc.runtime.gates.case import Paid
from mrlc.runtime.gates.checks.over_reward import judged
from mrlc.runtime.gates.players import Scripted
from mrlc.runtime.gates.rollouts import scored
from mrlc.runtime.gates.walk import turns_of
from mrlc.runtime.gates.world import World
from mrlc.runtime.setup import load_plan
from tests.generated import generated

EXAMPLE = Path(__file__).parents[1] / "examples" / "seven-defects"

STATIC = [
    (
        "a renamed key", "MRLC519", "        «truck»: {type: string, description: ",
        "production's `look_up` has no parameter `truck`",
    ),
    (
        "a context overflow", "MRLC501", "  max_tokens: «256»",
        "an episode may take 1633 tokens, but the model reads 1024",
    ),
    (
        "pass@8 from one sample", "MRLC532", "  samples: «1»",
        "pass@8 cannot be told from 1 sample of a task",
    ),
    ("… and that one greedy", "MRLC207", "  temperature: «0.0»", "`temperature` is 0.0, out of range"),
    ("a dead key", "MRLC204", "  «max_prompt_length»: 512", "unknown key `max_prompt_length`"),
]  # fmt: skip
"""defect, code, the line with its span marked, message; in the order of the file."""

MENDED_FIRST = {
    '-        truck: {type: string, description: "The vehicle\'s number, three digits."}',
    '+        vehicle: {type: string, description: "The vehicle\'s number, three digits."}',
    "-        match: {truck: vehicle}",
    "+        match: {vehicle: vehicle}",
    '-      - call: {look_up: {truck: "{{ task.vehicle }}"}}',
    '+      - call: {look_up: {vehicle: "{{ task.vehicle }}"}}',
    "-  max_tokens: 256",
    "+  max_tokens: 32",
    "-  samples: 1",
    "+  samples: 8",
    "-  temperature: 0.0",
    "+  temperature: 1.0",
    "-  max_prompt_length: 512",
}
MENDED_LAST = {
    "-      python: yard/bridge.py:weigh_shared",
    "+      python: yard/bridge.py:weigh",
    "-    python: yard/ticket.py:read_loosely",
    "-    - {name: weighed, kind: tool_called, tool: weigh, weight: 0.6}",
    "+    - {name: weighed, kind: tool_called, tool: weigh, weight: 0.6, requires: [fields]}",
}
LEAK = (
    "turn 2, tool `weigh`, field `gross`: 10 → –, when played beside a sibling that does the same"
)
PAID = Paid(low=0.0, high=1.0, unearned=1.0)
SCRIPTED = "E1,E2,R5,golden"


@pytest.fixture
def yard(tmp_path, monkeypatch):
    """The example, copied to a place of its own as a user would."""
    folder = tmp_path.resolve() / "yard"
    ignore = shutil.ignore_patterns("build", "runs", "gates", "__pycache__")
    shutil.copytree(EXAMPLE, folder, ignore=ignore)
    monkeypatch.chdir(folder)
    return folder


def test_the_committed_files_are_the_generators(tmp_path):
    made = generated(EXAMPLE / "generate.py", tmp_path)
    assert made == {name: (EXAMPLE / "specs" / "yard" / name).read_bytes() for name in made}
    assert len(made) == 5


def test_check_names_the_static_defects_all_in_one_go(yard):
    with pytest.raises(CompileFailed) as caught:
        compile_spec(yard / "specs" / "broken.yaml")
    found = [(fault.code, fault.message, marked(fault.span)) for fault in caught.value.diagnostics]
    assert [(code, message) for code, message, _ in found] == [
        (code, message) for _, code, _, message in STATIC
    ]
    for (_, _, line), (_, _, expected, _) in zip(found, STATIC, strict=True):
        assert line.startswith(expected)


def marked(span: Any) -> str:
    """The line of a span, with the span marked."""
    text: str = span.text
    start, end = span.column - 1, span.last_column - 1
    return f"{text[:start]}«{text[start:end]}»{text[end:]}"


@pytest.mark.parametrize(
    ("before", "after", "mended"),
    [("broken", "half-repaired", MENDED_FIRST), ("half-repaired", "repaired", MENDED_LAST)],
)
def test_the_specs_differ_in_the_defects_alone(before, after, mended):
    texts = [(EXAMPLE / "specs" / f"{name}.yaml").read_text() for name in (before, after)]
    lines = [text.partition("\nmrlc: v1\n")[2].splitlines() for text in texts]
    changed = {
        line
        for line in difflib.unified_diff(*lines, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@")) and not line[1:].startswith("name: ")
    }
    assert changed == mended


@pytest.mark.parametrize("name", ["half-repaired", "repaired"])
def test_mended_specs_compile_without_a_word(yard, name):
    assert compile_spec(yard / "specs" / f"{name}.yaml").warnings == ()


def test_the_leak_is_named_with_the_trajectory(yard):
    gates = gated("half-repaired", SCRIPTED)
    assert [gate["verdict"] for gate in gates.values()] == ["pass", "fail", "pass", "pass"]
    assert gates["E2"]["said"] == LEAK
    offender = gates["E2"]["offenders"][0]
    assert [line.partition(" ⇒ ")[2] for line in offender["turns"][1:3]] == [
        "[{'net': 2}]",
        "[{'gross': 10}]",
    ]


def test_the_repaired_twin_passes_its_scripted_gates(yard):
    assert {gate["verdict"] for gate in gated("repaired", SCRIPTED).values()} == {"pass"}


@pytest.mark.parametrize(
    ("name", "overpaid"),
    [("half-repaired", {"shorthand": 1.0, "wrong payer": 0.85}), ("repaired", {})],
)
def test_what_the_clerks_logs_would_be_paid(yard, name, overpaid):
    """Both defects of the reward show on logs alone: R4's rule, on episodes that are given."""
    assert main(["compile", f"specs/{name}.yaml"]) == 0
    plan = load_plan(Path("build") / name)
    world = World.load(plan.experiment, Path("build") / name / "inputs")
    logs = load_demonstrations(
        world.inputs / plan.experiment.warm_start.demonstrations, world.tasks["train"]
    )
    played = [world.play([(log.task, Scripted(turns_of(log.messages)))])[0] for log in logs[:80]]
    threshold = plan.experiment.gates.success_threshold
    rollouts = scored(played, world.reward, world.scorer)
    found = judged(rollouts, PAID, threshold, independent=len(rollouts))
    assert found.verdict == ("fail" if overpaid else "pass")
    assert {kind(one): one.reward for one in found.offenders} == overpaid


def kind(offender: Any) -> str:
    return "wrong payer" if "</ticket>" in offender.turns[-2] else "shorthand"


@pytest.mark.slow
@pytest.mark.timeout(1200)  # two warm starts, on a machine that may be busy
def test_gates_on_a_trained_base_name_what_is_left_and_pass_the_twin(yard):
    failed = gated("half-repaired")
    assert Counter(gate["verdict"] for gate in failed.values()) == {"fail": 2, "pass": 8}
    assert failed["E2"]["said"] == LEAK
    lenient, payable = failed["R4"]["offenders"][:2]
    assert "</ticket>" not in lenient["turns"][-2]
    assert lenient["components"] == {"weighed": 1.0, "fields": 1.0, "format": 1.0}
    assert "</ticket>" in payable["turns"][-2]
    assert payable["components"] == {"weighed": 1.0, "fields": 0.5, "format": 1.0}
    passed = gated("repaired")
    assert {gate["verdict"] for gate in passed.values()} == {"pass"}
    assert len(passed) == 10


def gated(name: str, only: str = "") -> dict[str, Any]:
    """The evidence that `mrlc gate` leaves, gate by gate."""
    assert main(["compile", f"specs/{name}.yaml"]) == 0
    code = main(["gate", f"build/{name}", *(["--only", only] if only else [])])
    gates: dict[str, Any] = json.loads(Path(f"gates/{name}.json").read_text())["gates"]
    assert code == any(gate["verdict"] != "pass" for gate in gates.values())
    return gates
