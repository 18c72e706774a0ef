"""What the service shows of a failed job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mrlc.runtime.errors import CodeFailed, PlanBroken, PlanFault, RemoteFailed
from mrlc.runtime.launching.failure import failure_of, write_failure


@pytest.mark.parametrize(
    ("error", "message", "code"),
    [
        (
            CodeFailed("reward.components.1", "`polite` raised ValueError", help="mend it"),
            "reward.components.1: `polite` raised ValueError\nhelp: mend it",
            1,
        ),
        (PlanBroken(Path("plan"), "no plan", help="compile"), "plan: no plan\nhelp: compile", 1),
        (RemoteFailed("the judge answers 503"), "the judge answers 503", 4),
        (
            KeyError("x"),
            "internal error: KeyError: 'x'. The traceback is in the log of the job.",
            3,
        ),
        (
            RuntimeError("[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]"),
            "lost the connection to the other trainers",
            75,
        ),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_each_error_as_its_user_reads_it(error: Exception, message: str, code: int) -> None:
    failure = failure_of(error, Path("no-plan"))
    assert (failure.message, failure.code) == (message, code)


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("reward.components.1", "specs/desk.yaml:9:5"),
        ("reward.components.1.weight", "specs/desk.yaml:9:5"),
        ("turns.max_turns", "specs/desk.yaml:1:1"),
    ],
)
def test_a_fault_of_the_spec_is_told_with_its_line(tmp_path: Path, path: str, at: str) -> None:
    places = {"": "specs/desk.yaml:1:1", "reward.components.1": "specs/desk.yaml:9:5"}
    (tmp_path / "places.json").write_text(json.dumps(places))
    assert failure_of(PlanFault(path, "no"), tmp_path).message == f"{at}: {path}: no"


@pytest.mark.parametrize("content", ["", "[]", "{}", "1"])
def test_places_that_cannot_be_read_hide_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "places.json").write_text(content)
    assert failure_of(PlanFault("reward", "no"), tmp_path).message == "reward: no"


def test_the_file_is_short_whole_and_without_secrets(tmp_path: Path) -> None:
    file = tmp_path / "output" / "failure"
    write_failure(file, "no hunter2 here " + "x" * 2000, secrets=["hunter2", ""])
    text = file.read_text("utf-8")
    assert text.startswith("no ••• here x")
    assert text.endswith("…")
    assert len(text) == 1024
    assert [path.name for path in file.parent.iterdir()] == ["failure"]
