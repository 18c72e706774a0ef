"""`mrlc check` finds what `compile` finds and writes nothing."""

import json
import shutil


def test_good_spec(mrlc, project):
    before = sorted(project.root.rglob("*"))
    done = mrlc("check", cwd=project.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("2 train, 1 validation, 1 test\n")
    assert sorted(project.root.rglob("*")) == before


def test_bad_spec(mrlc, project):
    done = mrlc("check", "--set", "algorithm.steps=-1", cwd=project.root)
    assert done.returncode == 1
    assert "MRLC207" in done.stderr


def test_spec_deep_below_its_root(mrlc, project):
    shutil.copytree(project.root / "specs", project.root / "a/b/specs")
    done = mrlc("check", cwd=project.root / "a/b")
    assert done.returncode == 0


def test_warning_is_shown_and_the_exit_code_is_0(mrlc, project):
    project.edit("specs/desk.yaml", "{human: 2}", "{human: 2, max_turns: 2}")
    done = mrlc("check", cwd=project.root)
    assert done.returncode == 0
    assert done.stderr.startswith("warning[MRLC502]: ")
    assert done.stderr.endswith("1 warning\n")
    assert done.stdout.startswith("desk  ")


def test_json_holds_warnings_beside_plans(mrlc, project):
    project.edit("specs/desk.yaml", "{human: 2}", "{human: 2, max_turns: 2}")
    found = json.loads(mrlc("check", "-f", "json", cwd=project.root).stdout)
    assert [one["severity"] for one in found["diagnostics"]] == ["warning"]
    assert found["plans"][0]["name"] == "desk"
