"""`mrlc init`, and the workflow that it lays down, run as far as one machine can."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mrlc import __version__
from mrlc.commands.init import TEMPLATES
from mrlc.specs import FORMATS
from tests.children import environment

ROOT = Path(__file__).parents[2]
WHO = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]


def load(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def made(mrlc, tmp_path) -> Path:
    """A fresh scaffold."""
    done = mrlc("init", "new")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(TEMPLATES) + 1
    return tmp_path / "new"


def test_it_checks_and_compiles(mrlc, made):
    assert mrlc("check", cwd=made).returncode == 0
    done = mrlc("compile", cwd=made)
    assert done.stdout.endswith("build/desk  240 train, 20 validation, 40 test\n")
    assert mrlc("compile", "--check", cwd=made).returncode == 0


def test_what_it_writes_can_be_parsed(made):
    for path in made.rglob("*"):
        if path.suffix in (".yaml", ".yml"):
            assert load(path), path
        elif path.suffix == ".json":
            assert json.loads(path.read_text()), path
        elif path.is_file():
            assert path.read_text()
    workflow = load(made / ".github/workflows/mrlc.yml")
    step = workflow["jobs"]["specs"]["steps"][1]
    assert step["with"]["package"] == f"mrlc=={__version__}"
    assert (made / step["uses"] / "action.yml").is_file()


def test_the_editor_finds_the_schema(mrlc, made):
    (schema,) = json.loads((made / ".vscode/settings.json").read_text())["yaml.schemas"]
    assert (made / schema).read_text() == mrlc("schema").stdout


def test_nothing_is_overwritten(mrlc, tmp_path):
    (tmp_path / "new/specs").mkdir(parents=True)
    (tmp_path / "new/specs/desk.yaml").write_text("mine")
    (tmp_path / "new/README.md").symlink_to("nowhere")
    done = mrlc("init", "new")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[1:] == ["  README.md", "  specs/desk.yaml"]
    assert sorted(path.name for path in (tmp_path / "new").rglob("*")) == [
        "README.md", "desk.yaml", "specs",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_written_stays_empty(mrlc, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new/specs").write_text("a file")
    done = mrlc("init", "new")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert [path for path in (tmp_path / "new").rglob("*") if path.is_file()] == [
        tmp_path / "new/specs"
    ]


# The action

GH = """\
#!{python}
# The part of `gh api` that the action uses, on a folder of comments.
import json, pathlib, sys
store = pathlib.Path({store!r})
arguments = sys.argv[2:]
comments = json.loads(store.read_text())
with store.with_suffix(".log").open("a") as log:
    print(*(a for a in arguments if a in ("PATCH", "POST")), file=log)
if "--jq" in arguments:
    assert 'startswith("<!-- mrlc-plan -->")' in arguments[arguments.index("--jq") + 1]
    ids = [i for i, body in comments.items() if body.startswith("<!-- mrlc-plan -->")]
    print("\\n".join(ids))
    sys.exit()
body = pathlib.Path(arguments[-1].partition("=@")[2]).read_text()
target = next(a for a in arguments if a.startswith("repos/"))
new = target.endswith("/issues/7/comments")
comments[str(len(comments) + 1) if new else target.rpartition("/")[2]] = body
store.write_text(json.dumps(comments))
"""


class Runner:
    """Runs the shell steps of the action as GitHub would, on a merge commit."""

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder = folder
        self.steps = {
            step["name"]: step["run"]
            for step in load(folder / ".github/actions/mrlc/action.yml")["runs"]["steps"]
            if "run" in step
        }
        self.store = temporary / "comments.json"
        self.store.write_text(json.dumps({"1": "LGTM <!-- mrlc-plan -->"}))
        programs = temporary / "bin"
        programs.mkdir()
        self.program(programs / "gh", GH.format(python=sys.executable, store=str(self.store)))
        self.program(programs / "mrlc", f'#!/bin/sh\nexec "{sys.executable}" -m mrlc "$@"\n')
        self.environment = environment(
            PATH=f"{programs}{os.pathsep}{os.environ['PATH']}", RUNNER_TEMP=str(temporary),
            GITHUB_STEP_SUMMARY=str(temporary / "summary.md"), GITHUB_REPOSITORY="o/r", NUMBER="7",
            GH_TOKEN="x", AGAINST="HEAD~1",
        )  # fmt: skip

    def program(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def run(self, step: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self.steps[step]]
        env = self.environment | more
        return subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )

    @property
    def comments(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.store.read_text())
        return found


@pytest.fixture
def runner(made, tmp_path) -> Runner:
    """The scaffold with two commits, the second of which changes the reward."""
    git(made, "init", "-q")
    git(made, "add", "-A")
    git(made, "commit", "-qm", "a")
    spec = made / "specs/desk.yaml"
    spec.write_text(spec.read_text().replace("weight: 0.1", "weight: 0.05"))
    git(made, "commit", "-qam", "b")
    (tmp_path / "runner").mkdir()
    return Runner(made, tmp_path / "runner")


def test_plan_goes_to_the_summary_and_to_one_comment(runner, tmp_path):
    assert runner.run("plan").returncode == 0
    summary = (tmp_path / "runner/summary.md").read_text()
    assert "| incentive | `reward.components.format.weight` | `0.1` | `0.05` |" in summary
    for _ in range(2):
        done = runner.run("comment")
        assert (done.returncode, done.stderr) == (0, "")
    assert runner.comments == {"1": "LGTM <!-- mrlc-plan -->", "2": summary}
    log = (tmp_path / "runner/comments.log").read_text().split()
    assert log == ["POST", "PATCH"]


def test_faults_reach_the_comment_and_fail_the_step(runner, made):
    spec = made / "specs/desk.yaml"
    spec.write_text(spec.read_text().replace("group_size", "group_sze"))
    assert runner.run("plan").returncode == 1
    assert runner.run("comment").returncode == 0
    assert "unknown key" in runner.comments["2"]


def test_first_commit_has_nothing_to_compare_with(runner):
    done = runner.run("plan", AGAINST="HEAD~9")
    assert (done.returncode, "nothing to compare with" in done.stdout) == (0, True)
    assert runner.run("comment").returncode == 0
    assert len(runner.comments) == 1


@pytest.mark.skipif("github" not in FORMATS, reason="check has no such format yet")
def test_check_passes(runner):
    assert runner.run("check").returncode == 0


# This repository


def test_the_action_of_this_repository_is_the_scaffold_s():
    scaffold = ROOT / "src/mrlc/scaffold"
    assert (ROOT / ".github/actions/mrlc/action.yml").read_text() == (
        scaffold / "action.yaml"
    ).read_text()
    assert {path.name for path in scaffold.iterdir()} == set(TEMPLATES.values())


def test_hooks_call_commands_that_exist(mrlc):
    for hook in load(ROOT / ".pre-commit-hooks.yaml"):
        name, *arguments = hook["entry"].split()
        assert name == "mrlc"
        assert mrlc(*arguments, "--help").returncode == 0


# Tools that ship

EXPORTS = ROOT / "tests/compiler/imported/exports"


@pytest.mark.parametrize("export", ["openapi", "bedrock"])
def test_imported_tools_check_at_once(mrlc, tmp_path, export):
    done = mrlc("init", "new", "--from-tools", EXPORTS / f"{export}.json")
    assert (done.returncode, "not as it ships" in done.stderr) == (0, export == "openapi")
    folder = tmp_path / "new"
    assert sorted(done.stdout.splitlines()) == sorted(
        str(path.relative_to(tmp_path)) for path in folder.rglob("*") if path.is_file()
    )
    checked = mrlc("check", cwd=folder)
    assert (checked.returncode, checked.stdout.count("warning")) == (0, 0)
    assert "mrlc run build/agent" in (folder / "README.md").read_text()
    copy = folder / "specs/agent/production.json"
    assert copy.read_bytes() == (EXPORTS / f"{export}.json").read_bytes()


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b'[{"name": "a"},\n  oops]', 1, "tools.json:2:3"),
        (b'{"tools": [{"name": 7}]}', 1, "at `/tools/0`"),
        (b"\xff\xfe", 2, "byte 0 is not UTF-8"),
        (b"[" + b",".join(b'{"name": "t%d"}' % n for n in range(65)) + b"]", 2, "it has 65 tools"),
        (None, 2, "cannot read tools.json: no such file"),
    ],
)
def test_a_broken_export_writes_nothing(mrlc, tmp_path, content, code, said):
    if content is not None:
        (tmp_path / "tools.json").write_bytes(content)
    done = mrlc("init", "new", "--from-tools", "tools.json")
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()
