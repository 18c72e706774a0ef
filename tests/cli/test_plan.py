"""`mrlc plan` in a real git repository: it compares, and touches nothing."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from tests.conftest import Project

WHO = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]


def git(project: Project, *arguments: str) -> str:
    command = ["git", *WHO, *arguments]
    done = subprocess.run(command, cwd=project.root, check=True, capture_output=True, text=True)
    return done.stdout


def commit(project: Project) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")


@pytest.fixture
def repository(project: Project) -> Project:
    """The project, committed."""
    git(project, "init", "-q")
    commit(project)
    return project


def test_against_head_by_default(mrlc, repository):
    done = mrlc("plan", "--exit-code", cwd=repository.root)
    assert done.returncode == 0
    assert done.stdout.startswith("no changes against HEAD (")
    repository.edit("specs/desk.yaml", "{steps: 2,", "{steps: 3,")
    done = mrlc("plan", "--exit-code", cwd=repository.root)
    assert (done.returncode, done.stderr) == (5, "")
    assert "cost        algorithm.steps  2 → 3\n" in done.stdout
    assert "specs/desk.yaml:38:20 → specs/desk.yaml:38:20\n" in done.stdout
    assert mrlc("plan", cwd=repository.root).returncode == 0


def test_neither_the_work_tree_nor_the_repository_is_touched(mrlc, repository):
    repository.edit("specs/desk.yaml", "{steps: 2,", "{steps: 3,")
    git(repository, "add", "-A")
    repository.edit("specs/desk.yaml", "{steps: 3,", "{steps: 4,")

    def state() -> dict[str, bytes]:
        files = (path for path in repository.root.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files}

    before = state()
    assert mrlc("plan", "--exit-code", cwd=repository.root).returncode == 5
    assert state() == before


def test_below_the_root_and_with_a_project_inside_a_repository(mrlc, project):
    top = Project(project.root.parent)
    git(top, "init", "-q")
    commit(top)
    project.edit("specs/data/test.jsonl", "Bike 4?", "Bike 44?")
    done = mrlc("plan", "desk.yaml", cwd=project.root / "specs")
    assert "instrument  data.test" in done.stdout
    assert "tasks: 1 changed (h1)" in done.stdout


def test_what_export_ignore_hides_is_still_compared(mrlc, repository):
    repository.write(".gitattributes", "*.jsonl export-ignore\n")
    commit(repository)
    done = mrlc("plan", cwd=repository.root)
    assert done.stdout.startswith("no changes")


def test_in_a_hook_of_another_repository(mrlc, repository, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert mrlc("plan", cwd=repository.root).returncode == 0
    assert not os.path.lexists(tmp_path / "index")


def test_specs_come_and_go(mrlc, repository):
    text = repository.spec.read_text()
    repository.write(
        "specs/other.yaml", text.replace("name: desk", "name: other").replace("s: 2,", "s: 3,")
    )
    done = mrlc("plan", "-f", "json", cwd=repository.root)
    found = json.loads(done.stdout)
    assert [(one["name"], one["status"]) for one in found["specs"]] == [("other", "added")]
    commit(repository)
    (repository.root / "specs/other.yaml").unlink()
    found = json.loads(mrlc("plan", "-f", "json", cwd=repository.root).stdout)
    assert [(one["name"], one["status"]) for one in found["specs"]] == [("other", "removed")]
    assert found["unchanged"] == 1
    named = json.loads(mrlc("plan", "specs/desk.yaml", "-f", "json", cwd=repository.root).stdout)
    assert named["specs"] == []


def test_a_broken_past_is_said_and_does_not_stop(mrlc, repository):
    repository.edit("specs/desk.yaml", "group_size", "group_sze")
    commit(repository)
    repository.edit("specs/desk.yaml", "group_sze", "group_size")
    done = mrlc("plan", cwd=repository.root)
    assert done.returncode == 0
    assert "note: specs/desk.yaml at HEAD" in done.stdout
    assert "does not compile, so it counts as new: MRLC204 unknown key" in done.stdout


def test_faults_of_today(mrlc, repository):
    repository.edit("specs/desk.yaml", "group_size", "group_sze")
    human = mrlc("plan", cwd=repository.root)
    assert (human.returncode, human.stdout) == (1, "")
    assert "error[MRLC204]" in human.stderr
    comment = mrlc("plan", "-f", "markdown", cwd=repository.root)
    assert (comment.returncode, comment.stderr) == (1, "")
    assert comment.stdout.startswith("<!-- mrlc-plan -->\n")
    assert "specs/desk.yaml:38:" in comment.stdout
    found = json.loads(mrlc("plan", "-f", "json", cwd=repository.root).stdout)
    assert found["diagnostics"][0]["code"] == "MRLC204"


def test_against_a_folder_of_plans(mrlc, project):
    project.edit("specs/desk.yaml", "{base: tiny}", "{base: tiny, tiny: {context: 8192}}")
    mrlc("compile", cwd=project.root)
    assert mrlc("plan", "--against", "build", "--exit-code", cwd=project.root).returncode == 0
    project.edit("specs/desk.yaml", "{human: 2}", "{human: 3}")
    done = mrlc("plan", "--against", "build/desk", "--exit-code", cwd=project.root)
    assert done.returncode == 5
    assert "turns.human  2 → 3" in done.stdout
    project.write("build/desk/plan.json", "{}")
    broken = mrlc("plan", "--against", "build", cwd=project.root)
    assert (broken.returncode, "error[MRLC391]" in broken.stderr) == (1, True)


@pytest.mark.parametrize("against", [[], ["--against", "main"], ["--against=-x"]], ids=str)
def test_nothing_to_compare_with(mrlc, project, against):
    done = mrlc("plan", *against, cwd=project.root)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_repository_without_a_commit(mrlc, project):
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    done = mrlc("plan", cwd=project.root)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "this repository has no commit yet: commit the specs" in done.stderr


def test_no_such_revision(mrlc, repository):
    for name in ("nowhere", "-x", "HEAD~5"):
        done = mrlc("plan", f"--against={name}", cwd=repository.root)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert f"`{name}` is neither a commit nor a folder of plans" in done.stderr


def test_what_an_override_would_change(mrlc, repository):
    """Before it is written: the commit against the commit with one value replaced."""
    done = mrlc("plan", "--set", "algorithm.steps=3", "--exit-code", cwd=repository.root)
    assert done.returncode == 5
    assert "cost        algorithm.steps  2 → 3\n" in done.stdout
    assert "→ --set:1:17\n" in done.stdout
