"""`mrlc lock` against a server that answers as the Hub does, and what a compile makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

MAIN, TAG = "a" * 40, "b" * 40


class Hub(BaseHTTPRequestHandler):
    """One model, `org/model`, with a tag `v1`."""

    commits = {"/api/models/org/model": MAIN, "/api/models/org/model/revision/v1": TAG}  # noqa: RUF012

    def do_GET(self) -> None:
        sha = self.commits.get(self.path.partition("?")[0])
        body = json.dumps({"id": "org/model", "sha": sha, "siblings": []}).encode()
        self.send_response(200 if sha else 404)
        if not sha:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def hub(monkeypatch) -> Iterator[None]:
    """A Hub on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    yield
    server.shutdown()
    server.server_close()


def use(project, model: str) -> None:
    project.edit("specs/desk.yaml", "model: {base: tiny}", f"model: {model}")


def lock_of(project) -> dict[str, object]:
    return json.loads((project.root / "mrlc.lock").read_text())


@pytest.mark.parametrize(
    ("model", "key", "commit"),
    [
        ("{base: org/model}", "org/model", MAIN),
        ("{base: org/model, revision: v1}", "org/model@v1", TAG),
    ],
)
def test_a_model_is_pinned_and_the_plan_takes_the_pin(mrlc, project, hub, model, key, commit):
    use(project, model)
    done = mrlc("lock", cwd=project.root)
    assert (done.returncode, done.stdout, done.stderr) == (
        0, "mrlc.lock  1 models, 1 held-out splits\n", "",
    )  # fmt: skip
    assert lock_of(project)["models"] == {key: commit}
    assert mrlc("compile", cwd=project.root).returncode == 0
    plan = json.loads((project.root / "build/desk/plan.json").read_text())
    assert plan["experiment"]["model"]["revision"] == commit


def test_pins_stay_until_asked(mrlc, project, hub, monkeypatch):
    use(project, "{base: org/model}")
    old = {"format": "mrlc.lock/1", "models": {"org/model": "c" * 40, "org/gone": TAG}, "test": {}}
    project.write("mrlc.lock", json.dumps(old))
    assert mrlc("lock", "specs/desk.yaml", cwd=project.root).returncode == 0
    assert lock_of(project)["models"] == {"org/model": "c" * 40, "org/gone": TAG}
    assert mrlc("lock", cwd=project.root).returncode == 0
    assert lock_of(project)["models"] == {"org/model": "c" * 40}
    assert mrlc("lock", "--upgrade", cwd=project.root).returncode == 0
    assert lock_of(project)["models"] == {"org/model": MAIN}


def test_no_such_model(mrlc, project, hub):
    use(project, "{base: org/modl}")
    done = mrlc("lock", cwd=project.root)
    assert (done.returncode, done.stdout) == (1, "")
    assert "specs/desk.yaml:3:15" in done.stderr
    assert "the Hub shows no model `org/modl`" in done.stderr
    assert not (project.root / "mrlc.lock").exists()


@pytest.mark.parametrize(
    "variables",
    [{"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}, {"HF_HUB_OFFLINE": "1"}],
    ids=["no answer", "offline"],
)
def test_offline(mrlc, project, monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    use(project, "{base: org/model}")
    done = mrlc("lock", cwd=project.root)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert "or give `revision` a commit in the spec" in done.stderr


@pytest.mark.parametrize("model", ["{base: tiny}", f"{{base: org/model, revision: {'1a' * 20}}}"])
def test_what_needs_no_network(mrlc, project, monkeypatch, model):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    use(project, model) if "org" in model else None
    done = mrlc("lock", cwd=project.root)
    assert (done.returncode, lock_of(project)["models"]) == (0, {})
    before = (project.root / "mrlc.lock").stat()
    assert mrlc("lock", cwd=project.root).returncode == 0
    assert (project.root / "mrlc.lock").stat().st_mtime_ns == before.st_mtime_ns
    assert mrlc("compile", cwd=project.root).returncode == 0


def test_stale_lock_refuses_what_it_does_not_pin(mrlc, project):
    assert mrlc("lock", cwd=project.root).returncode == 0
    use(project, "{base: org/model}")
    done = mrlc("compile", cwd=project.root)
    assert done.returncode == 1
    assert "error[MRLC603]: `org/model` has no commit in mrlc.lock" in done.stderr
    assert "--> specs/desk.yaml:3:15" in done.stderr
    (project.root / "mrlc.lock").unlink()
    assert mrlc("check", cwd=project.root).returncode == 0


def test_held_out_tasks_are_frozen_until_locked_again(mrlc, project):
    assert mrlc("lock", cwd=project.root).returncode == 0
    project.edit("specs/data/test.jsonl", "Bike 4?", "Bike 44?")
    done = mrlc("check", cwd=project.root)
    assert done.returncode == 1
    assert "error[MRLC604]" in done.stderr
    assert "--> specs/desk.yaml:7:9" in done.stderr
    assert mrlc("lock", cwd=project.root).returncode == 0
    assert mrlc("check", cwd=project.root).returncode == 0


@pytest.mark.parametrize("text", ["", "{", '{"format": "mrlc.lock/2"}', '{"models": {"a/b": "x"}}'])
def test_a_broken_lock_is_a_fault(mrlc, project, text):
    project.write("mrlc.lock", text)
    for command in ("check", "lock"):
        done = mrlc(command, cwd=project.root)
        assert (done.returncode, "error[MRLC602]" in done.stderr) == (1, True)
        assert "Traceback" not in done.stderr


def test_faults_of_the_spec_stop_the_lock(mrlc, project):
    project.edit("specs/desk.yaml", "data/test.jsonl", "data/tst.jsonl")
    done = mrlc("lock", cwd=project.root)
    assert (done.returncode, "error[MRLC310]" in done.stderr) == (1, True)
    assert not (project.root / "mrlc.lock").exists()


def test_a_model_that_only_an_axis_names_is_pinned(mrlc, project, hub):
    spec = project.root / "specs/desk.yaml"
    axis = "sweep: {over: {model.base: [tiny, org/model], algorithm.steps: [1, 2]}}\n"
    spec.write_text(spec.read_text() + axis)
    assert mrlc("lock", cwd=project.root).returncode == 0
    assert lock_of(project)["models"] == {"org/model": MAIN}
