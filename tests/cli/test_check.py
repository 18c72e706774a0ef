"""`mrlc check` finds what `compile` finds and writes nothing."""

import json
import shutil

import pytest


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


def test_fix(mrlc, project):
    project.edit("specs/desk.yaml", "group_size: 4", "group_sze: 4")
    project.edit("specs/desk.yaml", "kind: field_accuracy", "kind: field_acuracy")
    seen = mrlc("check", cwd=project.root)
    assert "`group_size`?  (fix available: mrlc check --fix)\n" in seen.stderr
    done = mrlc("check", "--fix", cwd=project.root)
    assert done.returncode == 1
    assert done.stdout == "fixed specs/desk.yaml:38:23: `group_sze` → `group_size` (MRLC204)\n"
    assert done.stderr.endswith("(fix available: mrlc check --fix --unsafe)\n\n1 error\n")
    done = mrlc("check", "--fix", "--unsafe", cwd=project.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert "`field_acuracy` → `field_accuracy` (MRLC206)\ndesk  " in done.stdout


def test_fix_leaves_json_alone_on_stdout(mrlc, project):
    project.edit("specs/desk.yaml", "group_size: 4", "group_sze: 4")
    done = mrlc("check", "--fix", "-f", "json", cwd=project.root)
    assert json.loads(done.stdout)["diagnostics"] == []
    assert done.stderr.startswith("fixed specs/desk.yaml:38:23")


def test_unsafe_needs_fix(mrlc, project):
    done = mrlc("check", "--unsafe", cwd=project.root)
    assert (done.returncode, done.stderr) == (2, "mrlc: --unsafe goes with --fix\n")


@pytest.mark.parametrize("form", ["json", "sarif", "github", "markdown"])
def test_format_for_programs_is_alone_on_stdout(mrlc, project, form):
    good = mrlc("check", "-f", form, cwd=project.root)
    bad = mrlc("check", "-f", form, "--set", "algorithm.steps=-1", cwd=project.root)
    assert (good.returncode, good.stderr, bad.returncode, bad.stderr) == (0, "", 1, "")
    assert "MRLC207" in bad.stdout
    assert "MRLC207" not in good.stdout


def test_faults_become_annotations_in_a_workflow(mrlc, project):
    done = mrlc(
        "check", "--set", "algorithm.steps=-1", cwd=project.root, env={"GITHUB_ACTIONS": "true"}
    )
    assert done.stdout.startswith("::error file=--set,line=1,")


def test_a_folder_is_checked_as_a_whole(mrlc, project):
    good = project.spec.read_text()
    project.write(
        "specs/nested/two.yml",
        good.replace("{steps: 2,", "{stesp: 2,").replace(": data/", ": ../data/"),
    )
    project.write("specs/lib/part.yaml", "algorithm: {nonsense: 1}\n")
    done = mrlc("check", "specs", "-f", "json", cwd=project.root)
    found = json.loads(done.stdout)["diagnostics"]
    assert done.returncode == 1
    assert {one["span"]["file"] for one in found} == {"specs/nested/two.yml"}
    assert "MRLC204" in {one["code"] for one in found}


def test_specs_of_one_name_may_be_checked_together(mrlc, project):
    project.write("specs/other.yaml", project.spec.read_text())
    assert mrlc("check", "specs", cwd=project.root).returncode == 0
    assert mrlc("check", cwd=project.root).returncode == 1


def test_an_empty_folder_is_a_usage_error(mrlc, project):
    done = mrlc("check", "specs/data", cwd=project.root)
    assert (done.returncode, done.stderr) == (
        2,
        "mrlc: no spec: there is no .yaml file in specs/data\n",
    )
