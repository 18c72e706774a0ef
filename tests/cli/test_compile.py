"""`mrlc compile`, and how every command ends."""

from __future__ import annotations

import json


def test_bare_compiles_every_spec(mrlc, project):
    project.write("specs/other.yaml", project.spec.read_text().replace("name: desk", "name: other"))
    done = mrlc("compile", cwd=project.root)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("desk  ")
    assert first.endswith("  build/desk  2 train, 1 validation, 1 test")
    assert second.startswith("other  ")
    digest = json.loads((project.root / "build/desk/plan.json").read_text())["digests"]["semantic"]
    assert digest[:10] in first


def test_one_fault_and_nothing_is_written(mrlc, project):
    text = project.spec.read_text().replace("name: desk", "name: other")
    project.write("specs/other.yaml", text.replace("group_size", "group_sze"))
    done = mrlc("compile", cwd=project.root)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--> specs/other.yaml:38:23" in done.stderr
    assert done.stderr.endswith("1 error\n")
    assert "Traceback" not in done.stderr
    assert not (project.root / "build").exists()


def test_fault_of_a_shared_base_is_said_once(mrlc, project):
    project.write("specs/lib/base.yaml", "algorithm: {beta: -1}\n")
    text = "extends: lib/base.yaml\n" + project.spec.read_text()
    project.write("specs/desk.yaml", text)
    project.write("specs/other.yaml", text.replace("name: desk", "name: other"))
    done = mrlc("compile", cwd=project.root)
    assert done.stderr.count("error[") == 1


def test_two_specs_of_one_name(mrlc, project):
    project.write("specs/other.yaml", project.spec.read_text())
    done = mrlc("compile", cwd=project.root)
    assert done.returncode == 1
    assert "MRLC334" in done.stderr
    assert not (project.root / "build").exists()


def test_json_is_on_stdout_in_both_cases(mrlc, project):
    good = mrlc("compile", "specs/desk.yaml", "-f", "json", "--out", "o", cwd=project.root)
    found = json.loads(good.stdout)
    assert (good.returncode, found["schema"]) == (0, "mrlc.diagnostics/1")
    assert found["plans"][0]["folder"] == "o/desk"
    bad = mrlc("compile", "specs/desk.yaml", "-f", "json", "--set", "name=5", cwd=project.root)
    found = json.loads(bad.stdout)
    assert (bad.returncode, found["diagnostics"][0]["code"]) == (1, "MRLC203")


def test_concise(mrlc, project):
    done = mrlc("check", "specs/desk.yaml", "-f", "concise", "--set", "name=5", cwd=project.root)
    assert done.stderr.startswith("--set:1:6: error[MRLC203] ")


def test_no_such_file(mrlc):
    done = mrlc("compile", "none.yaml")
    assert done.returncode == 1
    assert "none.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_spec_at_all(mrlc):
    done = mrlc("compile")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_folder_that_cannot_be_written(mrlc, project):
    project.write("file", "")
    done = mrlc("compile", "--out", "file/build", cwd=project.root)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
