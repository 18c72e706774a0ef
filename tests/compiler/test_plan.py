"""The plan: what it holds, what its digests cover, and that nothing else gets in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from mrlc.compiler import CompileFailed, compile_spec, write_plan
from mrlc.compiler.canonical import canonical
from mrlc.schemas import Plan
from mrlc.schemas.plan import Provenance
from tests.children import environment


def digests(project):
    return compile_spec(project.spec).plan.digests


def test_plan_holds_the_inputs_by_their_path_from_the_root(project):
    compiled = compile_spec(project.spec)
    assert list(compiled.plan.inputs) == sorted(compiled.plan.inputs)
    assert set(compiled.plan.inputs) == {
        "specs/bikes.csv", "specs/shop.sql", "specs/rewards.py", "specs/data/train.jsonl",
        "specs/data/validation.jsonl", "specs/data/test.jsonl", "specs/data/demos.jsonl",
    }  # fmt: skip
    assert compiled.plan.experiment.reward.components[1].python == "specs/rewards.py:polite"
    assert compiled.tasks == {"train": 2, "validation": 1, "test": 1}


def test_provenance_knows_leaves_sections_and_items(project):
    compiled = compile_spec(project.spec, overrides=["algorithm.steps=5"])
    at = compiled.provenance.positions
    assert (at["algorithm.steps"].file, at["algorithm.steps"].origin) == ("--set", "override")
    assert (at["environment.tools.0.name"].line, at["environment.tools.0.name"].column) == (14, 13)
    assert at["environment"].text == "environment:"
    assert at["algorithm"].origin == "spec"
    assert "algorithm.beta" not in at
    assert compiled.provenance.spec == "specs/desk.yaml"


def test_what_changes_a_run_changes_both_digests(project):
    before = digests(project)
    project.edit("specs/desk.yaml", "steps: 2,", "steps: 3,")
    after = digests(project)
    assert before.semantic != after.semantic
    assert before.full != after.full


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("specs/bikes.csv", "2,J2,0", "2,J2,1"),
        ("specs/rewards.py", "1.0", "0.5"),
        ("specs/data/train.jsonl", "Bike 2?", "Bike two?"),
    ],
)
def test_content_of_an_input_is_semantic(project, file, old, new):
    before = digests(project)
    project.edit(file, old, new)
    assert digests(project).semantic != before.semantic


def test_labels_change_the_full_digest_only(project):
    before = digests(project)
    project.edit("specs/desk.yaml", "name: desk", "name: other\ndescription: words")
    after = digests(project)
    assert before.semantic == after.semantic
    assert before.full != after.full


def test_an_export_that_no_run_reads_changes_the_full_digest_only(project):
    """Of the tools that ship: a spec is held to it when it is compiled, and that is all."""
    tools = compile_spec(project.spec).plan.experiment.environment.tools
    before = digests(project)
    project.write("specs/tools.json", json.dumps([tool.json_schema for tool in tools]))
    project.edit("specs/desk.yaml", "environment:\n", "environment:\n  production: tools.json\n")
    after = digests(project)
    assert before.semantic == after.semantic
    assert before.full != after.full


def test_moved_input_is_the_same_run(project):
    before = digests(project)
    shutil.move(project.root / "specs/bikes.csv", project.root / "specs/data/moved.csv")
    project.edit("specs/desk.yaml", "table: bikes.csv", "table: data/moved.csv")
    after = digests(project)
    assert before.semantic == after.semantic
    assert before.full != after.full


def test_spelling_is_no_change(project):
    before = compile_spec(project.spec).plan
    project.edit("specs/desk.yaml", "steps: 2,", "beta: 0, # a default, and a comment\n  steps: 2,")
    assert compile_spec(project.spec).plan == before


def test_model_folder(project):
    for name in ("config.json", "tokenizer.json", "model.safetensors", ".hidden"):
        project.write(f"models/m/{name}", "{}")
    project.edit("specs/desk.yaml", "base: tiny", "base: ../models/m")
    before = compile_spec(project.spec).plan
    assert before.experiment.model.base == "./models/m"
    assert "models/m/model.safetensors" in before.inputs
    assert "models/m/.hidden" not in before.inputs
    project.write("models/m/model.safetensors", "other")
    assert compile_spec(project.spec).plan.digests.semantic != before.digests.semantic


def test_link_may_not_leave_the_project(project, tmp_path):
    (tmp_path / "secret.jsonl").write_text('{"id": "x"}\n')
    (project.root / "specs/data/test.jsonl").unlink()
    (project.root / "specs/data/test.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec)
    assert [fault.code for fault in caught.value.diagnostics] == ["MRLC312"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1.0, -0.0, "é"]}, '{"a":[1.0,0.0,"é"],"b":1}\n'),
        ({"x": 1e-05, "y": None, "z": True}, '{"x":1e-05,"y":null,"z":true}\n'),
    ],
)
def test_canonical(value, text):
    assert canonical(value) == text.encode()


def test_bytes_do_not_depend_on_hash_seed_folder_locale_or_clock(project):
    program = (
        "import sys, time; now = time.time; time.time = lambda: now() + float(sys.argv[3]);"
        "from pathlib import Path; from mrlc.compiler import *;"
        "write_plan(compile_spec(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    found = set()
    for seed, folder, locale in (("0", "/", "C"), ("1", str(project.root), "tr_TR.UTF-8")):
        out = project.root / f"out{seed}"
        spec = os.path.relpath(project.spec, folder)
        zone = "Asia/Tokyo" if seed == "1" else "UTC"
        env = environment(PYTHONHASHSEED=seed, LC_ALL=locale, TZ=zone)
        command = [sys.executable, "-c", program, spec, str(out), f"{seed}e9"]  # 32 years later
        subprocess.run(command, cwd=folder, env=env, check=True)
        found.add(
            b"".join(
                (out / "desk" / name).read_bytes() for name in ("plan.json", "provenance.json")
            )
        )
    assert len(found) == 1


# On disk


def test_plan_folder(project):
    compiled = compile_spec(project.spec)
    folder = write_plan(compiled, project.root / "build")
    assert folder == project.root / "build/desk"
    assert Plan.model_validate_json((folder / "plan.json").read_bytes()) == compiled.plan
    Provenance.model_validate_json((folder / "provenance.json").read_bytes())
    for key in compiled.plan.inputs:
        assert (folder / "inputs" / key).read_bytes() == (project.root / key).read_bytes()
    assert [path.name for path in (project.root / "build").iterdir()] == ["desk"]


def test_unchanged_plan_is_left_alone(project):
    out = project.root / "build"
    before = write_plan(compile_spec(project.spec), out).stat()
    after = write_plan(compile_spec(project.spec), out).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_moved_lines_refresh_the_provenance_alone(project):
    out = project.root / "build"
    folder = write_plan(compile_spec(project.spec), out)
    inode = (folder / "plan.json").stat().st_ino
    project.edit("specs/desk.yaml", "mrlc: v1\n", "# a comment\nmrlc: v1\n")
    write_plan(compile_spec(project.spec), out)
    assert (folder / "plan.json").stat().st_ino == inode
    found = json.loads((folder / "provenance.json").read_bytes())
    assert found["positions"]["name"]["line"] == 3


def test_tampered_plan_is_written_again(project):
    out = project.root / "build"
    folder = write_plan(compile_spec(project.spec), out)
    (folder / "inputs/specs/bikes.csv").write_text("x")
    write_plan(compile_spec(project.spec), out)
    assert (folder / "inputs/specs/bikes.csv").read_text().startswith("number")


def test_changed_plan_replaces_the_old_one_whole(project):
    out = project.root / "build"
    folder = write_plan(compile_spec(project.spec), out)
    (folder / "inputs/stale").write_text("x")
    project.edit("specs/desk.yaml", "steps: 2,", "steps: 3,")
    write_plan(compile_spec(project.spec), out)
    assert not (folder / "inputs/stale").exists()
    assert [path.name for path in out.iterdir()] == ["desk"]


def test_folder_that_is_no_plan_is_never_replaced(project):
    project.write("build/desk/precious.txt", "x")
    with pytest.raises(CompileFailed) as caught:
        write_plan(compile_spec(project.spec), project.root / "build")
    assert [fault.code for fault in caught.value.diagnostics] == ["MRLC340"]
    assert (project.root / "build/desk/precious.txt").exists()


def test_input_that_changes_meanwhile_leaves_the_old_plan(project):
    out = project.root / "build"
    folder = write_plan(compile_spec(project.spec), out)
    old = (folder / "plan.json").read_bytes()
    project.edit("specs/desk.yaml", "steps: 2,", "steps: 3,")
    compiled = compile_spec(project.spec)
    project.edit("specs/bikes.csv", "2,J2,0", "2,J2,7")
    with pytest.raises(CompileFailed):
        write_plan(compiled, out)
    assert (folder / "plan.json").read_bytes() == old
    assert [path.name for path in out.iterdir()] == ["desk"]
