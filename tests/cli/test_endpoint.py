"""Endpoints as a user meets them: told before the run what is missing, and how a failure ends."""

from __future__ import annotations

from typing import Any

import pytest

from mrlc.cli import main
from mrlc.error_handler import guard
from mrlc.runtime.errors import NoReply, RemoteFailed
from tests.cli.test_run import SMALL, compiled, run
from tests.conftest import Project
from tests.runtime.server import KEY, Reply, says, serving

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'


def judged(project: Project, url: str = "env:JUDGE_URL") -> None:
    judge = (
        f'{{name: kind, kind: judge, endpoint: {{url: "{url}", model: m-1, key: "env:JUDGE_KEY", '
        'retries: 0}, rubric: "Kind? {{ transcript }}", weight: 0.1}'
    )
    project.edit("specs/desk.yaml", POLITE, judge)


def test_a_variable_that_is_not_set_is_a_located_fault(
    project: Project, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    monkeypatch.setenv("JUDGE_URL", "https://secret-host/v1")
    judged(project)
    plan = compiled(project, *SMALL)
    assert run(project, plan) == 1
    said = capsys.readouterr().err
    assert "error[MRLC390]: the environment variable JUDGE_KEY is not set" in said
    assert "specs/desk.yaml:32:" in said
    assert "export JUDGE_KEY=…" in said
    assert not (project.root / "runs").exists()


@pytest.mark.parametrize("kind", [RemoteFailed, NoReply])
def test_a_service_that_fails_is_exit_4(capsys: Any, kind: type[Exception]) -> None:
    def command() -> int:
        raise kind("`m-1` at env:URL: status 401")

    assert guard(command) == 4
    assert capsys.readouterr().err == "mrlc: `m-1` at env:URL: status 401\n"


def test_a_run_with_a_judge_keeps_its_marks_and_no_secret(
    project: Project, capfd: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", KEY)
    with serving(says(f'{{"score": 5, "reason": "{KEY}"}}')) as server:
        monkeypatch.setenv("JUDGE_URL", f"{server.url}?pass=in-the-address")
        judged(project)
        plan = compiled(project, *SMALL)
        assert run(project, plan) == 0
        server.answer = lambda _: Reply({"error": {"message": f"no such key {KEY}"}}, 401)
        (folder,) = (project.root / "runs").iterdir()
        (folder / "evaluation.json").unlink()
        assert main(["run", "--resume", str(folder)]) == 0  # from the marks that were kept
    kept = list((folder / "endpoints").rglob("*.json"))
    assert len(kept) == len(server.asked) > 0
    written = [path for path in project.root.rglob("*") if path.is_file()]
    everything = (
        b"".join(path.read_bytes() for path in written) + "".join(capfd.readouterr()).encode()
    )
    assert KEY.encode() not in everything
    assert b"in-the-address" not in everything
