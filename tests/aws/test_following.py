"""A job that was sent, looked at: `status`, `logs` and `stop`, by any of its names."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from mrlc.cli import main
from tests.aws.conftest import Desk, at
from tests.aws.proxy import Proxy, Reply, Request, answers, refuses

GROUP = "/aws/sagemaker/TrainingJobs"
NOW_MS = int(time.time() * 1000) - 60_000
"""The service takes no lines of long ago."""


def described(desk: Desk, status: str, **more: Any) -> Reply:
    """DescribeTrainingJob, of a job in some state."""
    semantic = json.loads((desk.folder / "plan.json").read_text())["digests"]["semantic"]
    return answers(
        {
            "TrainingJobName": desk.name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{desk.name}",
            "TrainingJobStatus": status,
            "SecondaryStatus": "Training" if status == "InProgress" else status,
            "HyperParameters": {"mrlc.semantic": semantic},
            "OutputDataConfig": {"S3OutputPath": "s3://my-team/mrlc"},
            **more,
        }
    )


def states(proxy: Proxy, *replies: Reply) -> None:
    """Answer DescribeTrainingJob by each in turn, the last for ever."""
    waiting = list(replies)

    def answer(request: Request) -> Reply | None:
        if request.operation == "DescribeTrainingJob":
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return answers({}) if request.operation == "StopTrainingJob" else None

    proxy.before = answer


@pytest.fixture
def sent(desk: Desk, capsys: Any) -> Desk:
    """A job that was sent."""
    assert desk.submit() == 0
    capsys.readouterr()
    return desk


def put_lines(desk: Desk, stream: str, *lines: tuple[int, str]) -> None:
    logs = at(desk.moto, "logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    if not groups:
        logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=f"{desk.name}/{stream}")
    events = [{"timestamp": NOW_MS + when, "message": text} for when, text in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName=f"{desk.name}/{stream}", logEvents=events)


def test_status_shows_the_latest_figures(sent: Desk, proxy: Proxy, capsys: Any) -> None:
    metrics = [
        {"MetricName": "step", "Value": 12.0, "Timestamp": 1_700_000_000},
        {"MetricName": "rollout/reward/mean", "Value": 0.53125, "Timestamp": 1_700_000_000},
    ]
    times = {"TrainingTimeInSeconds": 3725, "BillableTimeInSeconds": 1200}
    states(proxy, described(sent, "InProgress", FinalMetricDataList=metrics, **times))
    assert sent.mrlc("status") == 0
    shown = capsys.readouterr().out
    for word in (sent.name, "InProgress, Training", "12", "0.5312", "1:02:05", "0:20:00"):
        assert word in shown
    assert len(sent.there()["alarms"]) == 2, "a job that runs keeps its alarms"


def test_status_for_programs_and_of_a_failure(sent: Desk, proxy: Proxy, capsys: Any) -> None:
    states(proxy, described(sent, "Failed", FailureReason="AlgorithmError: no tasks"))
    assert sent.mrlc("status", sent.name, "-f", "json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["status"], found["failure"]) == ("Failed", "AlgorithmError: no tasks")
    assert sent.there()["alarms"] == []
    sent.mrlc("status")
    assert f"{sent.name}: AlgorithmError: no tasks" in capsys.readouterr().out


STOPPED = "stopped by alert too-chatty at step 12: too many turns. First change: fewer"


@pytest.fixture
def stopped(sent: Desk, proxy: Proxy) -> Desk:
    """A job that an alert has ended: complete, and its log says so."""
    metrics = [
        {"MetricName": name, "Value": value, "Timestamp": 1_700_000_000}
        for name, value in (("step", 12.0), ("alert/firing", 1.0))
    ]
    lines = ["mrlc step=12 alert/firing=1 alert/too-chatty=1", f"mrlc {STOPPED}"]
    put_lines(sent, "algo-1-17", *enumerate(lines))
    ended = described(sent, "Completed", FinalMetricDataList=metrics, TrainingEndTime=1_700_000_000)
    states(proxy, ended)
    return sent


def test_a_job_that_an_alert_stopped_says_so(stopped: Desk, capsys: Any) -> None:
    assert stopped.mrlc("status") == 0
    shown = capsys.readouterr().out
    assert "Completed, stopped by alert too-chatty at step 12" in shown
    assert f"{stopped.name}: {STOPPED}" in shown
    assert stopped.mrlc("status", "-f", "json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["status"], found["stopped_by"]) == ("Completed", STOPPED)


def test_logs_end_with_the_alert_and_exit_1(stopped: Desk, capsys: Any) -> None:
    assert stopped.mrlc("logs", stopped.name, "-f", "--poll", "0.01") == 1
    output = capsys.readouterr()
    assert output.out.splitlines()[-1] == f"mrlc {STOPPED}"
    assert output.err.splitlines()[-1] == f"{stopped.name}: Completed, {STOPPED}"


def test_a_warning_is_no_end(stopped: Desk, proxy: Proxy, capsys: Any) -> None:
    put_lines(stopped, "algo-1-18", (2, "mrlc step=30 rollout/reward/mean=0.5"))
    assert stopped.mrlc("status") == 0
    assert "stopped by" not in capsys.readouterr().out


def test_who_may_only_look_still_sees(sent: Desk, proxy: Proxy, capsys: Any) -> None:
    proxy.refuse("events:RemoveTargets", refuses("AccessDeniedException", "no"))
    ended = described(sent, "Completed", TrainingEndTime=1_700_000_000)
    before = proxy.before
    proxy.before = lambda one: ended if one.operation == "DescribeTrainingJob" else before(one)
    assert sent.mrlc("status") == 0
    output = capsys.readouterr()
    assert "Completed" in output.out
    assert "its alarms or its rule are still there" in output.err


def test_an_end_long_ago_takes_the_rule_too(sent: Desk, proxy: Proxy) -> None:
    states(proxy, described(sent, "Completed", TrainingEndTime=1_700_000_000))
    assert sent.mrlc("status") == 0
    left = sent.there()
    assert (left["alarms"], left["rules"]) == ([], [])
    assert sent.mrlc("status") == 0, "what is gone is no fault"


NAMES = ["job", "experiment", "build/desk", "runs/job", "record"]


@pytest.mark.parametrize("kind", NAMES)
def test_a_job_by_any_of_its_names(
    sent: Desk, capsys: Any, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(sent.root)
    name = {"job": sent.name, "experiment": "desk", "runs/job": f"runs/{sent.name}"}.get(kind, kind)
    name = str(sent.folder) if kind == "record" else name
    assert sent.mrlc("status", name) == 0
    assert sent.name in capsys.readouterr().out


def test_from_another_machine_by_the_plan(sent: Desk, capsys: Any) -> None:
    (sent.runs / sent.name / "job.json").unlink()
    assert sent.mrlc("status", sent.folder) == 0
    assert "Completed" in capsys.readouterr().out


def test_names_that_are_no_jobs(sent: Desk, capsys: Any) -> None:
    assert sent.mrlc("status", "till") == 2
    assert f"no job `till`; there is `{sent.name}`" in capsys.readouterr().err
    assert main(["logs", "desk", "--runs", str(sent.root / "nowhere")]) == 2
    assert "none was sent from here" in capsys.readouterr().err


def test_a_plan_that_was_not_sent(desk: Desk, capsys: Any) -> None:
    assert desk.mrlc("status", desk.folder) == 4
    assert f"mrlc submit {desk.folder} sends it" in capsys.readouterr().err


def test_a_record_that_is_none(sent: Desk, capsys: Any) -> None:
    (sent.runs / sent.name / "job.json").write_text("{}")
    assert sent.mrlc("status") == 1
    assert "no record of a job" in capsys.readouterr().err
    assert sent.submit() == 0
    assert sent.mrlc("status") == 0


def test_logs_of_several_hosts_in_order_of_time(sent: Desk, capsys: Any) -> None:
    put_lines(sent, "algo-1-17", (0, "mrlc step=1"), (20, "mrlc step=2"))
    put_lines(sent, "algo-2-17", (10, "hello \x1b[31mred"))
    assert sent.mrlc("logs", sent.name) == 0
    assert capsys.readouterr().out.splitlines() == [
        "algo-1  mrlc step=1",
        "algo-2  hello \\x1b[31mred",
        "algo-1  mrlc step=2",
    ]


def test_a_log_of_many_pages(sent: Desk, capsys: Any) -> None:
    put_lines(sent, "algo-1-17", *((n, f"line {n} {'x' * 200}") for n in range(12_000)))
    assert sent.mrlc("logs", sent.name) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == [str(n) for n in range(12_000)]


def test_no_log_yet(sent: Desk, capsys: Any) -> None:
    assert sent.mrlc("logs", sent.name) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("end", "code"), [("Completed", 0), ("Failed", 1), ("Stopped", 1)])
def test_followed_to_the_end(sent: Desk, proxy: Proxy, capsys: Any, end: str, code: int) -> None:
    """A line printed in the last moment, and a second attempt, are still heard."""
    put_lines(sent, "algo-1-17", (0, "first"))
    looks = []

    def answer(request: Request) -> Reply | None:
        if request.operation != "DescribeTrainingJob":
            return None
        looks.append(request)
        if len(looks) == 2:
            put_lines(sent, "algo-1-18", (5, "last"))
        return described(sent, end if len(looks) > 1 else "InProgress")

    proxy.before = answer
    assert sent.mrlc("logs", "-f", sent.name, "--poll", "0.01") == code
    output = capsys.readouterr()
    assert output.out.splitlines() == ["first", "last"]
    assert f"{sent.name}: {end}" in output.err


def test_stop_asks_once(sent: Desk, proxy: Proxy, capsys: Any) -> None:
    states(
        proxy,
        described(sent, "InProgress"),
        described(sent, "Stopping"),
        described(sent, "Stopped"),
    )
    assert [sent.mrlc("stop", sent.name) for _ in range(3)] == [0, 0, 0]
    assert proxy.operations.count("sagemaker:StopTrainingJob") == 1
    shown = [line.split("  ")[1] for line in capsys.readouterr().out.splitlines()]
    assert shown == ["stopping", "Stopping", "Stopped"]
    assert sent.there()["alarms"] == []
