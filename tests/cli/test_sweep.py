"""`mrlc sweep`, and what `compile`, `check` and `run` do with a swept spec."""

from __future__ import annotations

import json

import pytest

SWEEP = """\
sweep:
  over: {algorithm.steps: [1, 2], algorithm.beta: [0.0, 0.1]}
  exclude: [{algorithm.steps: 2, algorithm.beta: 0.1}]
  variants: {base: {}}
"""


@pytest.fixture
def swept(project):
    project.write("specs/desk.yaml", project.spec.read_text() + SWEEP)
    return project


def test_list(mrlc, swept, snapshot):
    done = mrlc("sweep", "specs/desk.yaml", cwd=swept.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == snapshot


def test_json(mrlc, swept):
    found = json.loads(mrlc("sweep", "specs/desk.yaml", "-f", "json", cwd=swept.root).stdout)
    assert [one["label"] for one in found["variants"]][-1] == "base"
    assert found["left_out"] == [
        {"count": 1, "reason": "excluded: steps=2,beta=0.1", "at": "specs/desk.yaml:41:13"}
    ]


def test_faults_are_shown_in_both_forms(mrlc, swept):
    swept.edit("specs/desk.yaml", "over: {algorithm.steps", "over: {algorithm.stps")
    human = mrlc("sweep", "specs/desk.yaml", cwd=swept.root)
    assert (human.returncode, "MRLC401" in human.stderr) == (1, True)
    found = mrlc("sweep", "specs/desk.yaml", "-f", "json", cwd=swept.root)
    codes = {one["code"] for one in json.loads(found.stdout)["diagnostics"]}
    assert (found.returncode, "MRLC401" in codes) == (1, True)


def test_spec_without_a_sweep(mrlc, project):
    done = mrlc("sweep", "specs/desk.yaml", cwd=project.root)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_compile_writes_a_plan_folder_for_each(mrlc, swept):
    done = mrlc("compile", "-f", "json", cwd=swept.root)
    (spec,) = json.loads(done.stdout)["plans"]
    for one in spec["variants"]:
        plan = json.loads((swept.root / one["folder"] / "plan.json").read_bytes())
        assert plan["digests"]["semantic"] == one["semantic"]
        assert plan["experiment"]["name"] == one["name"]
    assert mrlc("compile", cwd=swept.root).stdout.startswith(
        "desk  4 variants  build/desk  2 train"
    )


def test_check_looks_at_every_variant_and_writes_nothing(mrlc, swept):
    assert (
        mrlc("check", cwd=swept.root).stdout == "desk  4 variants  2 train, 1 validation, 1 test\n"
    )
    swept.edit("specs/desk.yaml", "[0.0, 0.1]", "[0.0, -1.0, 0.1]")
    done = mrlc("check", "-f", "concise", cwd=swept.root)
    assert done.returncode == 1
    assert done.stderr.startswith("specs/desk.yaml:40:57: error[MRLC207]")
    assert "(variant steps=1,beta=-1.0 and 1 more)" in done.stderr
    assert not (swept.root / "build").exists()


def test_schema_knows_the_section(mrlc):
    schema = json.loads(mrlc("schema").stdout)
    assert set(schema["properties"]["sweep"]["properties"]) == {
        "over", "zip", "exclude", "sample", "variants"
    }  # fmt: skip
    assert "Sample" in schema["$defs"]
