"""An alert that fires in a job: a metric that an alarm watches, messages, and an end in good order.

The container runs for real, as `mrlc local-sagemaker` runs it, beside moto's SNS, SQS and
CloudWatch; a web server on this machine takes what Slack would.
"""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from mrlc.jobs import services
from tests.runtime.server import Reply, serving
from tests.waivers import WAIVED

if TYPE_CHECKING:
    from .conftest import Desk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ALERTS = """
alerts:
  use: []
  rules:
    - name: never-done
      metric: rollout/completion
      below: 0.5
      for_steps: 3
      then: [warn, stop, notify: ops, notify: chat]
      symptom: no episode gets done
      first_change: give it demonstrations
notify:
  ops: {sns: "arn:aws:sns:us-east-1:123456789012:rl-ops"}
  chat: {slack: "env:CHAT_URL"}
"""
SMALL = ["model.tiny={hidden_size: 32, heads: 2, layers: 1}", "warm_start.steps=1"]
"""Random weights never answer, so no episode is ever done."""


def built(folder: Path, chat: str) -> Path:
    edits = [
        job(
            notify='["arn:aws:sns:us-east-1:123456789012:on-call"]',
            environment=f"{{CHAT_URL: '{chat}'}}",
        ),
        Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 6}"),
        Edit("algorithm: {steps: 2,", "algorithm: {steps: 30, micro_batch: 8,"),
        Edit("\nwarm_start:", f"{ALERTS}warm_start:"),
    ]
    spec = write(folder / "project", edits)
    return write_plan(compile_spec(spec, overrides=[WAIVED, *SMALL]), folder / "build")


def queue_on(desk: Desk, topic: str) -> tuple[str, str]:
    """A topic and a queue that hears it."""
    arn = desk.client("sns").create_topic(Name=topic)["TopicArn"]
    url = desk.client("sqs").create_queue(QueueName=topic)["QueueUrl"]
    desk.client("sns").subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{topic}"
    )
    return arn, url


def heard(desk: Desk, queue: str) -> list[dict[str, Any]]:
    found = desk.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(one["Body"]) for one in found.get("Messages", ())]


def test_an_alert_in_a_job_is_told_and_stops_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    for name, value in desk.local.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    services.cache_clear()
    _, ops = queue_on(desk, "rl-ops")
    queue_on(desk, "on-call")
    with serving(Reply("ok")) as chat:
        folder = built(tmp_path.resolve(), chat.url)
        assert main(["submit", str(folder), "--yes", "--poll", "0.2"]) == 0
        alarms = {
            one["MetricName"]: one
            for one in desk.client("cloudwatch").describe_alarms()["MetricAlarms"]
        }
        capsys.readouterr()
        # It did not do all that it was sent for, as an alert ended it.
        assert main(["logs", "desk", "-f", "--poll", "0.5"]) == 1
        log = capsys.readouterr()
    name = json.loads((folder / "manifest.json").read_text())["job"]
    said = "stopped by alert never-done at step 3"
    why = f"{said}: no episode gets done. First change: give it demonstrations"

    # The job: complete, after three steps of thirty, with its model and the reason.
    found = desk.describe(name)
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    assert {one["MetricName"]: one["Value"] for one in found["FinalMetricDataList"]}["step"] == 3
    lines = [line for line in log.out.splitlines() if line.strip()]
    assert lines[-1] == f"mrlc {why}"
    assert "  change    give it demonstrations" in lines
    assert log.err.splitlines()[-1] == f"{name}: Completed, {why}"
    assert {"config.json", "model.safetensors", "evaluation.json"} <= members(desk, name, "model")
    assert {"alerts.jsonl", "stopped.json"} <= members(desk, name, "output")
    assert main(["status", "desk"]) == 0
    assert f"Completed, {said}" in capsys.readouterr().out

    # CloudWatch: the metric that the alarm watches has its point, and the alarm tells the topic.
    watched = alarms["alert/never-done"]
    assert watched["AlarmActions"] == ["arn:aws:sns:us-east-1:123456789012:on-call"]
    assert points(desk, watched) == [1.0]

    # SNS and Slack, told by the job itself.
    (message,) = heard(desk, ops)
    assert message["Subject"] == f"{name}: alert never-done at step 3: no episode gets done"
    assert "change    give it demonstrations" in message["Message"]
    (posted,) = chat.asked
    assert posted["text"] == message["Subject"]
    assert chat.url not in log.out + log.err


def points(desk: Desk, alarm: dict[str, Any]) -> list[float]:
    """What CloudWatch has of an alarm's metric, as the alarm looks at it."""
    now = datetime.now(UTC)
    statistics = desk.client("cloudwatch").get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm["Dimensions"],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=[alarm["Statistic"]],
    )
    return [one["Maximum"] for one in statistics["Datapoints"]]


def members(desk: Desk, name: str, part: str) -> set[str]:
    archive = desk.read(f"mrlc/{name}/output/{part}.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(archive)) as found:
        return set(found.getnames())
