"""What is reported, by class, values and places; and the two laws of a report."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.compiler import CompileFailed, compile_spec, write_plan
from mrlc.compiler.diff import Side, compare
from mrlc.compiler.diff.changes import ABSENT
from mrlc.compiler.diff.side import of_compiled, read_plans
from tests.conftest import FILES, Project

SPEC = "specs/desk.yaml"


def side(project: Project, *overrides: str) -> Side:
    return of_compiled(compile_spec(project.spec, overrides=overrides))


def edited(project: Project, file: str, old: str, new: str):
    """The changes that one edit makes."""
    before = side(project)
    project.edit(file, old, new)
    report = compare([before], [side(project)], against="x")
    return report.specs[0].changes


CASES = {
    "scorer": (SPEC, "evaluation:", "evaluation:\n  every_steps: 5", "instrument", "evaluation.every_steps", 10, 5),
    "reward": (SPEC, "weight: 0.9", "weight: 0.5", "incentive", "reward.components.fields.weight", 0.9, 0.5),
    "turns": (SPEC, "{human: 2}", "{human: 3}", "behaviour", "turns.human", 2, 3),
    "tool": (SPEC, "name: book", "name: book\n      ends_episode: true", "behaviour", "environment.tools.book.ends_episode", False, True),
    "steps": (SPEC, "{steps: 2,", "{steps: 3,", "cost", "algorithm.steps", 2, 3),
    "target": (SPEC, "model:", "target: {local: {threads: 2}}\nmodel:", "cost", "target.local.threads", None, 2),
    "name": (SPEC, "name: desk", "name: bank", "cosmetic", "name", "desk", "bank"),
    "description": (SPEC, "name: desk", "name: desk\ndescription: d", "cosmetic", "description", "", "d"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_edit_is_one_change(project, case):
    file, old, new, kind, path, was, now = CASES[case]
    (change,) = edited(project, file, old, new)
    assert (change.kind, change.path, change.old, change.new) == (kind, path, was, now)
    assert change.new_at is not None


FILE_CASES = {
    "specs/data/test.jsonl": ("Bike 4?", "Bike 44?", "instrument", "data.test"),
    "specs/data/train.jsonl": ("Bike 1?", "Bike 11?", "behaviour", "data.train"),
    "specs/bikes.csv": ("2,J2,0", "2,J2,1", "instrument", "environment.tools.find_bike.replay.table"),
    "specs/shop.sql": ("(1)", "(2)", "instrument", "environment.state.shop.sqlite"),
    "specs/rewards.py": ("1.0", "0.5", "incentive", "reward.components.polite.python"),
    "specs/data/demos.jsonl": ("{}", "{ }", "behaviour", "warm_start.demonstrations"),
}  # fmt: skip


@pytest.mark.parametrize("file", FILE_CASES)
def test_a_file_counts_by_its_content(project, file):
    old, new, kind, path = FILE_CASES[file]
    (change,) = edited(project, file, old, new)
    assert (change.kind, change.path) == (kind, path)
    assert change.digests is not None
    assert change.digests[0] != change.digests[1]
    assert (change.rows is not None) == file.endswith((".jsonl", ".csv"))


def test_tasks_by_id(project):
    row = '{"id": "t3", "question": "Bike 9?", "expected": {"job": "J9", "days": 0}}'
    before = side(project)
    project.edit("specs/data/train.jsonl", FILES["specs/data/train.jsonl"].split("\n")[0], row)
    project.edit("specs/data/train.jsonl", "Bike 2?", "Bike 22?")
    project.edit("specs/data/demos.jsonl", '"task": "t1"', '"task": "t2"')
    change = compare([before], [side(project)], against="x").specs[0].changes[0]
    assert change.rows is not None
    assert (change.rows.added, change.rows.removed, change.rows.changed) == (
        ("t3",),
        ("t1",),
        ("t2",),
    )


def test_places_of_both_sides(project):
    before = side(project)
    project.edit(SPEC, "mrlc: v1\n", "mrlc: v1\n# a comment\n")
    project.edit(SPEC, "{steps: 2,", "{steps: 3, beta: 0.1,")
    beta, steps = compare([before], [side(project)], against="x").specs[0].changes
    assert (steps.old_at.line, steps.old_at.column) == (38, 20)
    assert (steps.new_at.line, steps.new_at.column) == (39, 20)
    assert (beta.old_at, beta.new_at.line) == (None, 39)


def test_tools_are_paired_by_name(project):
    tool = "    - {name: new, parameters: {outcome: {type: string}}, python: 'rewards.py:polite'}\n    - name: find_bike\n"
    (change,) = edited(project, SPEC, "    - name: find_bike\n", tool)
    assert (change.path, change.old, change.kind) == ("environment.tools.new", ABSENT, "behaviour")


def test_order_of_components_is_a_change(project):
    lines = [line for line in FILES[SPEC].split("\n") if "kind: field" in line or "polite" in line]
    (change,) = edited(project, SPEC, "\n".join(lines), "\n".join(reversed(lines)))
    assert (change.path, change.new) == ("reward.components", ["polite", "fields"])


def test_file_that_moved_is_cosmetic(project):
    before = side(project)
    shutil.move(project.root / "specs/bikes.csv", project.root / "specs/data/moved.csv")
    project.edit(SPEC, "table: bikes.csv", "table: data/moved.csv")
    (change,) = compare([before], [side(project)], against="x").specs[0].changes
    assert (change.kind, change.old, change.new) == (
        "cosmetic", "specs/bikes.csv", "specs/data/moved.csv",
    )  # fmt: skip


def test_section_that_comes_is_one_change(project):
    after = side(project, "model.lora={rank: 4, alpha: 8}")
    (change,) = compare([side(project)], [after], against="x").specs[0].changes
    assert (change.path, change.old, change.kind) == ("model.lora", None, "behaviour")


def test_model_folder(project):
    project.edit(SPEC, ", tiny: {context: 8192}", "")
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        project.write(f"models/m/{name}", "{}")
    (change,) = edited(project, SPEC, "base: tiny", "base: ../models/m")
    assert (change.path, change.digests[0]) == ("model.base", None)
    before = side(project)
    project.write("models/m/model.safetensors", "other")
    (change,) = compare([before], [side(project)], against="x").specs[0].changes
    assert (change.path, change.kind, change.old) == ("model.base", "behaviour", "./models/m")


# Reports


def test_specs_come_go_and_change_their_name(project):
    desk, other = side(project), side(project, "name=other", "algorithm.steps=9")
    report = compare([desk], [desk, other], against="x")
    assert [(d.name, d.status) for d in report.specs] == [("other", "added")]
    assert report.unchanged == 1
    report = compare([desk, other], [desk], against="x")
    assert [(d.name, d.status) for d in report.specs] == [("other", "removed")]
    renamed = side(project, "name=bank", "algorithm.steps=3")
    (diff,) = compare([desk], [renamed], against="x").specs
    assert (diff.name, diff.kinds) == ("bank", ("cost", "cosmetic"))


def test_gates_measures_and_the_warning(project):
    overrides = ("reward.components.0.weight=-0.5", "turns.human=4", "description=d")
    (diff,) = compare([side(project)], [side(project, *overrides)], against="x").specs
    assert diff.invalidated == ("environment", "reward")
    assert (diff.old.reward_min, diff.old.reward_max) == (0, 1)
    assert (diff.new.reward_min, diff.new.reward_max) == (-0.5, pytest.approx(0.1))
    assert (diff.old.tokens_per_episode, diff.new.tokens_per_episode) == (3 * 384, 6 * 384)
    assert (diff.new.episodes_per_step, diff.new.episodes) == (8, 16)
    assert diff.warning.startswith("incentive and behaviour change at once")


def test_a_pure_change_warns_of_nothing(project):
    overrides = ("turns.human=4", "description=d")
    (diff,) = compare([side(project)], [side(project, *overrides)], against="x").specs
    assert diff.warning is None


def test_plans_on_disk_compare_as_specs_do(project):
    compiled = compile_spec(project.spec)
    write_plan(compiled, project.root / "build")
    (read,) = read_plans(project.root / "build")
    assert compare([read], [of_compiled(compiled)], against="x").specs == ()
    assert read_plans(project.root / "build" / "desk") == [read]
    project.edit("specs/data/test.jsonl", '"h1"', '"h2"')
    (change,) = compare([read], [side(project)], against="x").specs[0].changes
    assert change.rows.added == ("h2",)


OVERRIDES = [
    "name=other", "description=words", "target.local.threads=2", "algorithm.steps=3",
    "turns.human=5", "evaluation.pass_at=[1, 2]", "reward.components.1.weight=0.5",
    "reward.diverges_because=so", "model.tiny={layers: 1}", "environment.tools.0.replay.missing=1",
    "environment.tools.0.replay.missing=1.0", "environment.answer.json.extra={type: string}",
    "gates.rollouts=64", "model.lora={rank: 4}", "warm_start=null", "data.test=specs/data/test.jsonl",
]  # fmt: skip
LABELS = {"name", "description"}


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(*[st.lists(st.sampled_from(OVERRIDES[:-1]), max_size=4, unique=True)] * 2)
def test_laws(project, left, right):
    try:
        old, new = side(project, *left), side(project, *right)
    except CompileFailed:  # two overrides may contradict; the law is of plans
        return
    assert compare([old], [old], against="x").specs == ()
    specs = compare([old], [new], against="x").specs
    changes = specs[0].changes if specs else ()
    assert bool(changes) == (old.plan.digests.full != new.plan.digests.full)
    real = [
        c
        for c in changes
        if c.kind not in ("proof", "cosmetic") and not c.path.startswith("target")
    ]
    assert bool(real) == (old.plan.digests.semantic != new.plan.digests.semantic)
