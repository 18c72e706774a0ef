"""Many jobs: how often AWS is asked for them, and that throttling only makes it slower."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mrlc.compiler import compile_variants, write_sweep
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job as target
from mrlc.jobs import job_of, services
from mrlc.runtime.sagemaker.jobs import Seen
from mrlc.runtime.sagemaker.looking import Ended, keep, kept
from mrlc.runtime.sagemaker.records import of_job, write_record
from tests.aws.conftest import QUIET, Desk, at
from tests.aws.proxy import Proxy, Reply, Request, answers, refuses
from tests.waivers import WAIVED


def send(desk: Desk, count: int) -> list[str]:
    """Jobs as a sweep sends them, past the proxy, and their records; moto completes them at once."""
    job = job_of(desk.folder)[1]
    names = [f"swept-{number:03}-0123456789" for number in range(count)]
    for name in names:
        request = {**job.estimator, "TrainingJobName": name}
        answer = at(desk.moto, "sagemaker").create_training_job(**request)
        record = replace(of_job(job, region="us-east-1"), job=name, arn=answer["TrainingJobArn"])
        write_record(desk.runs, record)
    return names


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes after the jobs' ends."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(minutes=10)

    monkeypatch.setattr("mrlc.runtime.sagemaker.jobs.datetime", Later)


def asked(proxy: Proxy) -> dict[str, int]:
    """How often each operation was asked for since the last time."""
    found = Counter(one.operation for one in proxy.asked)
    proxy.asked.clear()
    return dict(found)


def shown(desk: Desk, capsys: Any) -> list[Any]:
    capsys.readouterr()
    assert desk.mrlc("status", "-f", "json") == 0
    found: list[Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.usefixtures("later")
def test_what_has_ended_is_asked_for_once(
    desk: Desk, proxy: Proxy, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More jobs than a page of the list has."""
    monkeypatch.setattr("mrlc.runtime.sagemaker.looking.PAGE", 10)
    names = send(desk, 24)
    first = shown(desk, capsys)
    assert [one["name"] for one in first] == names
    assert {one["status"] for one in first} == {"Completed"}
    assert all(one["metrics"] and one["trained_s"] is not None for one in first)
    assert asked(proxy) == {
        "ListTrainingJobs": 3,
        "DescribeTrainingJob": 24,
        "DeleteAlarms": 1,
        "RemoveTargets": 24,
        "DeleteRule": 24,
    }
    assert shown(desk, capsys) == first
    assert asked(proxy) == {"ListTrainingJobs": 3}


@pytest.mark.usefixtures("later")
def test_what_is_kept_holds_for_the_very_job_alone(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    names = send(desk, 8)
    shown(desk, capsys)
    asked(proxy)
    file = desk.runs / names[5] / "ended.json"
    old = json.loads(file.read_text())
    old["times"]["CreationTime"] = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    old["answer"]["FailureReason"] = "of the one before"
    file.write_text(json.dumps(old))
    (desk.runs / names[6] / "ended.json").write_text("{")
    (desk.runs / names[7] / "ended.json").unlink()
    assert not [one for one in shown(desk, capsys) if one["failure"]]
    assert asked(proxy)["DescribeTrainingJob"] == 3


def test_what_just_ended_is_not_kept(desk: Desk, capsys: Any) -> None:
    """Figures and the message of the end may be on their way."""
    send(desk, 4)
    shown(desk, capsys)
    assert not list(desk.runs.glob("*/ended.json"))


@pytest.mark.usefixtures("later")
def test_who_may_only_look_is_told_once(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    send(desk, 8)
    proxy.refuse("cloudwatch:DeleteAlarms", refuses("AccessDenied", "no", status=403))
    for _ in range(2):
        asked(proxy)
        assert desk.mrlc("status") == 0
        errors = capsys.readouterr().err
        assert errors.count("are still there") == 1
        assert "and 3 more" in errors
    assert asked(proxy) == {"ListTrainingJobs": 1, "DeleteAlarms": 1}
    proxy.before = lambda _: None
    assert desk.mrlc("status") == 0
    assert desk.mrlc("status") == 0
    assert asked(proxy)["DeleteAlarms"] == 1


def test_throttled_it_takes_longer_and_shows_all(
    desk: Desk, proxy: Proxy, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every four descriptions the service refuses one; only a few are ever under way."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "8")
    services.cache_clear()
    names = send(desk, 12)
    lock, number, open_, most = threading.Lock(), 0, 0, 0

    def fourth(request: Request) -> Reply | None:
        nonlocal number, open_, most
        if request.operation != "DescribeTrainingJob":
            return None
        with lock:
            number, open_ = number + 1, open_ + 1
            most = max(most, open_)
            is_fourth = number % 4 == 0
        time.sleep(0.01)
        with lock:
            open_ -= 1
        return refuses("ThrottlingException", "Rate exceeded") if is_fourth else None

    proxy.before = fourth
    assert [one["name"] for one in shown(desk, capsys)] == names
    assert 1 < most <= 4
    assert asked(proxy)["DescribeTrainingJob"] >= 15


def test_waiting_describes_those_that_end(desk: Desk, proxy: Proxy) -> None:
    axis = "sweep: {over: {algorithm.steps: [2, 3, 4, 5, 6]}}"
    edits = [target(), Edit("mrlc: v1", f"mrlc: v1\n{axis}"), Edit("name: desk", "name: swept")]
    spec = write(desk.root / "swept", edits)
    sweep = write_sweep(compile_variants(spec, overrides=[WAIVED, QUIET]), desk.root / "build")
    looks = 0

    def slow(request: Request) -> Reply | None:
        """The list has them in progress for three looks."""
        nonlocal looks
        looks += request.operation == "ListTrainingJobs"
        if request.operation != "ListTrainingJobs" or looks > 3:
            return None
        jobs = at(desk.moto, "sagemaker").list_training_jobs()["TrainingJobSummaries"]
        told = [
            {
                "TrainingJobName": one["TrainingJobName"],
                "TrainingJobArn": one["TrainingJobArn"],
                "TrainingJobStatus": "InProgress",
            }
            for one in jobs
        ]
        return answers({"TrainingJobSummaries": told})

    proxy.before = slow
    assert desk.mrlc("submit", sweep, "--yes", "--wait", "--poll", "0.01") == 0
    found = asked(proxy)
    assert found["ListTrainingJobs"] == 4
    assert found["DescribeTrainingJob"] == 10, "each before it is sent, and each at its end"


def test_one_that_was_never_sent_is_named(desk: Desk, capsys: Any) -> None:
    record = json.loads((desk.runs / send(desk, 4)[0] / "job.json").read_text())
    folder = desk.runs / "swept-999-0123456789"
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps({**record, "job": folder.name}))
    assert desk.mrlc("status") == 4
    assert f"there is no job {folder.name} in us-east-1" in capsys.readouterr().err


def test_a_few_are_described_at_once(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    send(desk, 3)
    shown(desk, capsys)
    found = asked(proxy)
    assert "ListTrainingJobs" not in found
    assert found["DescribeTrainingJob"] == 3


def test_nothing_is_kept_of_what_was_sent_from_elsewhere(tmp_path: Path) -> None:
    keep(tmp_path / "nowhere", Ended(Seen({"CreationTime": datetime.now(UTC)}), None, is_tidy=True))
    assert kept(tmp_path / "nowhere") is None
