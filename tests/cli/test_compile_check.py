"""`mrlc compile --check`: the plans on disk against the specs, and nothing written."""

from __future__ import annotations

import pytest


@pytest.fixture
def built(mrlc, project):
    assert mrlc("compile", cwd=project.root).returncode == 0
    return project


def test_current(mrlc, built):
    built.edit("specs/desk.yaml", "mrlc: v1\n", "mrlc: v1 # a comment moves lines, not values\n\n")
    before = (built.root / "build/desk/provenance.json").read_bytes()
    done = mrlc("compile", "--check", cwd=built.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert (built.root / "build/desk/provenance.json").read_bytes() == before


CASES = {
    "value": ("specs/desk.yaml", "{steps: 2,", "{steps: 3,", "specs/desk.yaml:38:20", "`build/desk` has algorithm.steps 2, its spec gives 3"),
    "label": ("specs/desk.yaml", "name: desk", "name: desk\ndescription: d", "specs/desk.yaml:3:14", "has description \"\", its spec gives d"),
    "data": ("specs/data/test.jsonl", "Bike 4?", "Bike 44?", "specs/desk.yaml:7:9", "has data.test specs/data/test.jsonl"),
    "renamed": ("specs/desk.yaml", "name: desk", "name: bank", "specs/desk.yaml:2:7", "`build/bank` is not there"),
    "copy": ("build/desk/inputs/specs/shop.sql", "(1)", "(2)", "specs/desk.yaml:2:7", "is not the file `specs/shop.sql`"),
    "broken": ("build/desk/plan.json", '"format":', '"x":', "build/desk/plan.json:1:1", "cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_outdated(mrlc, built, case):
    file, old, new, place, message = CASES[case]
    built.edit(file, old, new)
    before = (built.root / "build/desk/plan.json").read_bytes()
    done = mrlc("compile", "--check", cwd=built.root)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"--> {place}\n" in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert (built.root / "build/desk/plan.json").read_bytes() == before


def test_file_that_no_plan_names(mrlc, built):
    built.write("build/desk/inputs/extra.csv", "")
    done = mrlc("compile", "--check", cwd=built.root)
    assert (done.returncode, done.stderr.count("error[MRLC601]")) == (1, 1)


def test_nothing_compiled_yet(mrlc, project):
    done = mrlc("compile", "--check", cwd=project.root)
    assert (done.returncode, (project.root / "build").exists()) == (1, False)
