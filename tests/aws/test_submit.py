"""`mrlc submit`: each job once, all that goes with it, and nothing twice."""

from __future__ import annotations

import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from mrlc.compiler import compile_spec, compile_variants, write_plan, write_sweep
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from tests.aws.conftest import BUCKET, TOPIC, Desk, at, compiled
from tests.aws.proxy import Proxy, Reply, Request, answers, refuses
from tests.aws.test_following import described
from tests.waivers import WAIVED

STEPS = [
    "sagemaker:DescribeTrainingJob",
    "s3:HeadObject",
    *["s3:PutObject"] * 3,
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:PutMetricAlarm",
    "events:PutRule",
    "events:PutTargets",
    "sagemaker:CreateTrainingJob",
]


def source_key(desk: Desk) -> str:
    """Where the source goes in the bucket."""
    manifest = json.loads((desk.folder / "manifest.json").read_text())
    return f"mrlc/source/{manifest['source']['sha256']}/source.tar.gz"


def sources(proxy: Proxy) -> list[str]:
    """The archives that were sent, by their paths."""
    puts = (one.path.partition("?")[0] for one in proxy.asked if str(one) == "s3:PutObject")
    return [path for path in puts if path.endswith("source.tar.gz")]


def everything(desk: Desk) -> dict[str, list[str]]:
    """What is there after a submit."""
    manifest = json.loads((desk.folder / "manifest.json").read_text())
    return {
        "jobs": [desk.name],
        "alarms": [f"mrlc-{desk.name}-environment", f"mrlc-{desk.name}-stalled"],
        "rules": [f"mrlc-{desk.name}"],
        "targets": [TOPIC],
        "objects": [
            f"mrlc/plan/{manifest['plan']['sha256']}/places.json",
            f"mrlc/plan/{manifest['plan']['sha256']}/plan.json",
            source_key(desk),
        ],
    }


def test_a_job_with_all_that_goes_with_it(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    assert desk.submit() == 0
    assert proxy.operations == STEPS
    assert desk.there() == everything(desk)
    record = json.loads((desk.runs / desk.name / "job.json").read_text())
    assert (record["job"], record["arn"].rpartition("/")[2]) == (desk.name, desk.name)
    output = capsys.readouterr()
    assert output.out == f"{desk.name}  sent  {desk.runs / desk.name}\n"
    assert "1 job, at most 314.78 USD; prices: on-demand" in output.err
    assert "from memory: compare with AWS" in " ".join(output.err.split())


def test_what_is_sent_is_what_was_compiled(desk: Desk, proxy: Proxy) -> None:
    desk.submit()
    sent = next(one for one in proxy.asked if one.operation == "CreateTrainingJob")
    assert sent.json == json.loads((desk.folder / "estimator.json").read_text())
    for key in everything(desk)["objects"]:
        stored = at(desk.moto, "s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert stored == (desk.folder / key.rpartition("/")[2]).read_bytes()


def test_again_finds_the_job_and_sends_nothing(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    desk.submit()
    proxy.asked.clear()
    capsys.readouterr()
    assert desk.mrlc("submit", desk.folder) == 0, "nothing to pay for, so nobody is asked"
    assert proxy.operations == ["sagemaker:DescribeTrainingJob"]
    assert "is there already, Completed" in capsys.readouterr().out


def test_a_source_that_is_there_is_not_sent_again(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    desk.submit()
    proxy.asked.clear()
    proxy.refuse(
        "sagemaker:DescribeTrainingJob", refuses("ValidationException", "Could not find it")
    )
    assert desk.submit() == 0
    assert sources(proxy) == []
    assert "source there already" in capsys.readouterr().err
    assert desk.there() == everything(desk)


def test_a_source_put_there_by_another_hand_is_replaced(desk: Desk, proxy: Proxy) -> None:
    key = source_key(desk)
    at(desk.moto, "s3").put_object(Bucket=BUCKET, Key=key, Body=b"something else")
    assert desk.submit() == 0
    assert len(sources(proxy)) == 1


def test_dry_run_prints_the_requests_and_sends_nothing(
    desk: Desk, proxy: Proxy, capsys: Any
) -> None:
    assert desk.mrlc("submit", desk.folder, "--dry-run") == 0
    assert proxy.asked == []
    assert not desk.runs.exists()
    (printed,) = json.loads(capsys.readouterr().out)
    asked = [f"{one['service']}:{one['operation']}" for one in printed["requests"]]
    assert asked == STEPS[2:]
    estimator = json.loads((desk.folder / "estimator.json").read_text())
    assert printed["requests"][-1]["request"] == estimator


def test_without_a_terminal_it_does_not_send_unasked(
    desk: Desk, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert desk.mrlc("submit", desk.folder) == 2
    assert "add --yes to send, --dry-run to look" in capsys.readouterr().err
    assert desk.there()["jobs"] == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "jobs"), [("y\n", 1), ("yes\n", 1), ("\n", 0), ("n\n", 0)])
def test_on_a_terminal_it_asks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Any, typed: str, jobs: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert desk.mrlc("submit", desk.folder) == (0 if jobs else 130)
    assert len(desk.there()["jobs"]) == jobs
    assert "send? [y/N]" in capsys.readouterr().err


def test_bare_takes_all_of_build_with_a_job(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    other = write(desk.root / "without", [Edit("name: desk", "name: local")])
    write_plan(compile_spec(other, overrides=[WAIVED]), desk.root / "build")
    monkeypatch.chdir(desk.root)
    assert main(["submit", "--yes"]) == 0
    assert desk.there()["jobs"] == [desk.name]
    capsys.readouterr()
    assert main(["submit", "build/local"]) == 2
    assert "build/local has no job: its spec has no target.sagemaker" in capsys.readouterr().err


def test_a_shut_door_sends_nothing(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    spec = write(desk.root / "unearned", [job(), Edit("name: desk", "name: unearned")])
    folder = write_plan(compile_spec(spec), desk.root / "build")
    assert desk.mrlc("submit", folder, "--yes", "--gates", desk.root / "gates") == 6
    assert "has not earned its run" in capsys.readouterr().err
    assert proxy.asked == []


def test_all_shut_doors_are_told_at_once(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    folders = []
    for name in ("one", "two"):
        spec = write(desk.root / name, [job(), Edit("name: desk", f"name: {name}")])
        folders.append(write_plan(compile_spec(spec), desk.root / "build"))
    given = [folders[0], desk.folder, folders[1]]
    assert desk.mrlc("submit", *given, "--yes", "--gates", desk.root / "gates") == 6
    errors = capsys.readouterr().err
    for folder in folders:
        assert f"`{folder.name}` has not earned its run" in errors
        assert f"mrlc gate {folder}" in errors
    assert proxy.asked == []


def test_all_broken_jobs_are_told_at_once(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    spec = write(desk.root / "other", [job(), Edit("name: desk", "name: other")])
    other = write_plan(compile_spec(spec, overrides=[WAIVED]), desk.root / "build")
    for folder in (desk.folder, other):
        (folder / "alarms.json").write_bytes(b"[]")
    assert desk.mrlc("submit", desk.folder, other, "--yes") == 1
    assert capsys.readouterr().err.count("not the file that was compiled") == 2
    assert proxy.asked == []


def test_for_programs(desk: Desk, capsys: Any) -> None:
    assert desk.submit("-f", "json") == 0
    (sent,) = json.loads(capsys.readouterr().out)
    assert (sent["name"], sent["status"], sent["sent"]) == (desk.name, "InProgress", True)
    assert sent["arn"].endswith(f":training-job/{desk.name}")
    console = "https://us-east-1.console.aws.amazon.com/sagemaker/home?region=us-east-1"
    assert sent["url"] == f"{console}#/jobs/{desk.name}"
    assert sent["usd_at_most"] == 314.78
    assert "from memory" in sent["usd_basis"]
    assert desk.submit("-f", "json", "--wait", "--poll", "0.01") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["status"], found["sent"]) == ("Completed", False)
    assert desk.mrlc("status", "-f", "json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    about = ("url", "usd_at_most", "usd_basis")
    assert [shown[name] for name in about] == [sent[name] for name in about]


@pytest.mark.parametrize("name", ["estimator.json", "alarms.json", "source.tar.gz"])
def test_a_file_that_was_changed_is_not_sent(
    desk: Desk, proxy: Proxy, capsys: Any, name: str
) -> None:
    path = desk.folder / name
    path.write_bytes(path.read_bytes() + b" ")
    assert desk.submit() == 1
    errors = capsys.readouterr().err
    assert f"{name}:1:1" in errors
    assert "not the file that was compiled" in errors
    assert proxy.asked == []


def test_a_manifest_of_another_plan_is_refused(desk: Desk, proxy: Proxy, capsys: Any) -> None:
    other = compiled(desk.root / "other", Edit("group_size: 4", "group_size: 2"))
    for name in ("manifest.json", "estimator.json", "alarms.json", "events.json", "source.tar.gz"):
        (desk.folder / name).write_bytes((other / name).read_bytes())
    assert desk.submit() == 1
    assert "the manifest of another plan" in capsys.readouterr().err
    assert proxy.asked == []


def other_digest(request: Request) -> Reply | None:
    if request.operation != "DescribeTrainingJob":
        return None
    name = request.json["TrainingJobName"]
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"
    return answers({"TrainingJobName": name, "TrainingJobArn": arn, "HyperParameters": {}})


def test_a_name_taken_by_another_experiment_is_a_located_fault(
    desk: Desk, proxy: Proxy, capsys: Any
) -> None:
    proxy.before = other_digest
    assert desk.submit() == 1
    errors = capsys.readouterr().err
    assert "that is not this experiment" in errors
    assert "desk.yaml:2:7" in errors
    assert desk.there()["alarms"] == []


def test_two_submits_at_once_are_one_job(desk: Desk, proxy: Proxy) -> None:
    """The other is faster: the job is not there when we look, and is there when we create."""
    desk.submit()
    looks = []

    def late(request: Request) -> Reply | None:
        if request.operation == "DescribeTrainingJob":
            looks.append(request)
            if len(looks) == 1:
                return refuses("ValidationException", "Requested resource not found.")
        if request.operation == "CreateTrainingJob":
            return refuses("ResourceInUse", "Training job names must be unique")
        return None

    proxy.before = late
    assert desk.submit() == 0
    assert desk.there() == everything(desk)


def test_a_job_that_is_refused_leaves_no_alarm(desk: Desk, proxy: Proxy) -> None:
    refusal = refuses("ValidationException", "Could not assume role: not allowed")
    proxy.refuse("sagemaker:CreateTrainingJob", refusal)
    assert desk.submit() == 4
    left = desk.there()
    assert (left["jobs"], left["alarms"], left["rules"]) == ([], [], [])
    assert not desk.runs.exists()
    proxy.before = lambda request: None
    assert desk.submit() == 0
    assert desk.there() == everything(desk)


def test_wait_ends_with_the_jobs_and_takes_the_alarms_down(desk: Desk, capsys: Any) -> None:
    assert desk.submit("--wait", "--poll", "0.01") == 0
    assert f"{desk.name}: Completed" in capsys.readouterr().err
    left = desk.there()
    assert left["alarms"] == [], "an alarm of an ended job would ring"
    assert left["rules"] == [f"mrlc-{desk.name}"], "the message of the end may be on its way"


def test_a_failed_job_is_tried_again_under_a_name_of_its_own(
    desk: Desk, proxy: Proxy, capsys: Any
) -> None:
    desk.submit()
    failed = described(desk, "Failed")

    def first_failed(request: Request) -> Reply | None:
        is_first = request.body.endswith(f'"{desk.name}"}}'.encode())
        return failed if request.operation == "DescribeTrainingJob" and is_first else None

    proxy.before = first_failed
    assert desk.submit() == 0
    assert "--again makes a new attempt from its checkpoints" in capsys.readouterr().err
    assert desk.submit("--again") == 0
    again = f"{desk.name}-2"
    there = desk.there()
    assert desk.submit("--again") == 0, "it finds the attempt"
    assert desk.there()["jobs"] == there["jobs"]
    assert sorted(there["jobs"]) == [desk.name, again]
    assert there["alarms"] == [f"mrlc-{again}-environment", f"mrlc-{again}-stalled"]
    assert f"mrlc-{again}" in there["rules"]
    assert there["objects"] == everything(desk)["objects"]
    sent = [one.json for one in proxy.asked if one.operation == "CreateTrainingJob"]
    assert sent[1] == {**sent[0], "TrainingJobName": again}
    capsys.readouterr()
    assert desk.mrlc("status", desk.folder) == 0
    assert again in capsys.readouterr().out


@pytest.fixture
def sweep(desk: Desk) -> Path:
    """A sweep of three jobs."""
    axis = Edit("mrlc: v1", "mrlc: v1\nsweep: {over: {algorithm.group_size: [2, 4, 8]}}")
    spec = write(desk.root / "swept", [job(), axis, Edit("name: desk", "name: swept")])
    return write_sweep(compile_variants(spec, overrides=[WAIVED]), desk.root / "build")


def test_every_variant_of_a_sweep_is_sent(desk: Desk, sweep: Path, capsys: Any) -> None:
    assert desk.mrlc("submit", sweep, "--yes") == 0
    assert len(desk.there()["jobs"]) == 3
    assert "3 jobs, at most 944.34 USD" in capsys.readouterr().err
    assert desk.mrlc("submit", sweep) == 0
    assert len(desk.there()["jobs"]) == 3


def test_a_sweep_sends_its_source_once(desk: Desk, sweep: Path, proxy: Proxy) -> None:
    assert desk.mrlc("submit", sweep, "--yes") == 0
    assert len(sources(proxy)) == 1
    objects = desk.there()["objects"]
    assert sum(key.endswith("source.tar.gz") for key in objects) == 1
    assert sum(key.endswith("plan.json") for key in objects) == 3
    created = [one.json for one in proxy.asked if one.operation == "CreateTrainingJob"]
    channels = [
        [one["DataSource"]["S3DataSource"]["S3Uri"] for one in request["InputDataConfig"]]
        for request in created
    ]
    assert (len({own[0] for own in channels}), len({own[1] for own in channels})) == (1, 3)


def test_a_sweep_killed_in_the_middle_sends_no_source_again(
    desk: Desk, sweep: Path, proxy: Proxy
) -> None:
    """The second job is refused, as if the power had gone; the next submit goes on there."""
    made = []

    def second(request: Request) -> Reply | None:
        if request.operation != "CreateTrainingJob":
            return None
        made.append(request)
        return refuses("ResourceLimitExceeded", "enough") if len(made) == 2 else None

    proxy.before = second
    assert desk.mrlc("submit", sweep, "--yes") == 4
    assert len(desk.there()["jobs"]) == 1
    assert desk.mrlc("submit", sweep, "--yes") == 0
    assert len(desk.there()["jobs"]) == 3
    assert len(sources(proxy)) == 1


def test_a_comment_sends_nothing_but_its_lines(desk: Desk, proxy: Proxy) -> None:
    """Of a job that is there nothing; of one that is not, to where the others looked for it."""
    spec = write(desk.root / "noted", [job(), Edit("name: desk", "name: noted")])
    built = desk.root / "build"
    folder = write_plan(compile_spec(spec, overrides=[WAIVED]), built)
    before = (folder / "estimator.json").read_bytes()
    assert desk.mrlc("submit", folder, "--yes") == 0
    spec.write_text(f"# a comment\n{spec.read_text()}")
    write_plan(compile_spec(spec, overrides=[WAIVED]), built)
    assert (folder / "estimator.json").read_bytes() == before
    proxy.asked.clear()
    assert desk.mrlc("submit", folder, "--yes") == 0
    assert proxy.operations == ["sagemaker:DescribeTrainingJob"]
    objects = desk.there()["objects"]
    proxy.refuse(
        "sagemaker:DescribeTrainingJob", refuses("ValidationException", "Could not find it")
    )
    assert desk.mrlc("submit", folder, "--yes") == 0
    assert desk.there()["objects"] == objects
    (key,) = (one for one in objects if one.endswith("places.json"))
    stored = at(desk.moto, "s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert stored == (folder / "places.json").read_bytes()
    assert json.loads(stored)["name"] == "specs/desk.yaml:3:7"


def test_a_sweep_queues_under_the_limit(desk: Desk, sweep: Path, proxy: Proxy, capsys: Any) -> None:
    """A service whose jobs run for a second, and whose list is late to show the newest."""
    made: dict[str, float] = {}
    most = [0]

    def runs(name: str) -> bool:
        return time.monotonic() - made[name] < 1

    def slow(request: Request) -> Reply | None:
        if request.operation == "CreateTrainingJob":
            made[request.json["TrainingJobName"]] = time.monotonic()
            most[0] = max(most[0], sum(map(runs, made)))
        elif request.operation == "ListTrainingJobs":
            old = [n for n in made if runs(n) and time.monotonic() - made[n] > 0.5]
            listed = [*old, "somebody-elses-job"]
            return answers({"TrainingJobSummaries": [{"TrainingJobName": n} for n in listed]})
        elif request.operation == "DescribeTrainingJob" and request.json["TrainingJobName"] in made:
            name = request.json["TrainingJobName"]
            status = "InProgress" if runs(name) else "Completed"
            arn = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"
            found = {"TrainingJobName": name, "TrainingJobArn": arn, "TrainingJobStatus": status}
            return answers(found)
        return None

    proxy.before = slow
    options = ("--yes", "--concurrency", "2", "--poll", "0.05")
    assert desk.mrlc("submit", sweep, *options) == 0
    assert (len(made), most[0]) == (3, 2)
    assert re.search(r"swept-.*: waiting, 2 in progress of 2", capsys.readouterr().err)
