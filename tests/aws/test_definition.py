"""A job that is there under the name of one that runs on something else."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from mrlc.runtime.sagemaker.definition import differences, is_other
from mrlc.runtime.sagemaker.job import read_job
from mrlc.runtime.sagemaker.jobs import Seen
from mrlc.runtime.setup import load_plan
from tests.aws.conftest import QUIET, TOPIC, Desk, at
from tests.aws.proxy import Proxy, Reply, Request
from tests.aws.test_following import described
from tests.waivers import WAIVED


def changed(desk: Desk, *edits: Edit, **fields: str | None) -> None:
    """Compile the desk's job anew, with another target."""
    spec = write(desk.root / "changed", [job(**{"notify": f'["{TOPIC}"]', **fields}), *edits])
    shutil.rmtree(desk.folder)
    write_plan(compile_spec(spec, overrides=[WAIVED, QUIET]), desk.folder.parent)


def test_another_instance_is_told_at_its_line(desk: Desk, capsys: Any) -> None:
    desk.submit()
    name = desk.name
    changed(desk, instance="ml.g5.12xlarge")
    assert desk.name == name
    assert desk.submit() == 1
    errors = capsys.readouterr().err
    said = "ResourceConfig.InstanceType is ml.g6e.12xlarge there and ml.g5.12xlarge here"
    assert said in errors
    assert "instance: ml.g5.12xlarge" in errors, "the spec's line"
    assert "give the experiment another name" in errors
    assert desk.there()["jobs"] == [name]


@pytest.mark.parametrize(
    ("status", "way"),
    [
        ("InProgress", "`mrlc stop "),
        ("Completed", "it is done"),
        ("Failed", "--again makes an attempt"),
    ],
)
def test_the_way_out_depends_on_how_it_stands(
    desk: Desk, proxy: Proxy, capsys: Any, status: str, way: str
) -> None:
    there = {
        "HyperParameters": json.loads((desk.folder / "estimator.json").read_bytes())[
            "HyperParameters"
        ]
    }
    changed(desk, spot="true", max_wait_s="86400", checkpoints="s3://my-team/kept")

    def answer(request: Request) -> Reply | None:
        is_first = request.body.endswith(f'"{desk.name}"}}'.encode())
        asked = request.operation == "DescribeTrainingJob" and is_first
        return described(desk, status, **there) if asked else None

    proxy.before = answer
    assert desk.submit() == 1
    assert way in capsys.readouterr().err
    if status == "Failed":
        assert desk.submit("--again") == 0
        (sent,) = [one.json for one in proxy.asked if one.operation == "CreateTrainingJob"]
        assert sent["EnableManagedSpotTraining"] is True


@pytest.mark.parametrize(
    "fields", [{"notify": "[]"}, {"stall_s": "7200"}, {"max_cost_usd": "900000"}]
)
def test_what_the_job_does_not_have_is_no_difference(desk: Desk, fields: dict[str, str]) -> None:
    desk.submit()
    changed(desk, **fields)
    assert desk.submit() == 0


def test_a_comment_is_no_difference(desk: Desk) -> None:
    desk.submit()
    before = (desk.folder / "estimator.json").read_bytes()
    changed(desk, Edit("mrlc: v1", "# a comment\nmrlc: v1"))
    assert (desk.folder / "estimator.json").read_bytes() == before
    assert desk.submit() == 0


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({}, set()),
        ({"tags": "{team: rl}"}, set()),
        ({"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/trainer:2"}, {"TrainingImage"}),
        ({"count": "2", "max_runtime_s": "60"}, {"InstanceCount", "MaxRuntimeInSeconds"}),
        ({"vpc": "{subnets: [subnet-0123abcd], security_groups: [sg-0123abcd]}"}, {"VpcConfig"}),
        ({"inputs": '{more: "s3://my-team/more"}'}, {"InputDataConfig"}),
        ({"environment": "{A: b}"}, {"Environment"}),
    ],
)
def test_differences(desk: Desk, fields: dict[str, str], places: set[str]) -> None:
    echo = Seen(json.loads((desk.folder / "estimator.json").read_bytes()))
    if fields:
        changed(desk, **fields)
    new = read_job(desk.folder, load_plan(desk.folder))
    assert is_other(new, echo) == bool(fields)
    assert {one.place[-1] for one in differences(new, echo)} == places
    echo.answer["InputDataConfig"].pop(1)
    assert {one.place[-1] for one in differences(new, echo)} == places, "by an older mrlc"


def test_a_job_of_an_older_mrlc_says_nothing(desk: Desk) -> None:
    assert not is_other(
        read_job(desk.folder, load_plan(desk.folder)), Seen({"HyperParameters": {}})
    )


def test_moto_keeps_what_is_compared(desk: Desk) -> None:
    desk.submit()
    kept = at(desk.moto, "sagemaker").describe_training_job(TrainingJobName=desk.name)
    sent = json.loads((desk.folder / "estimator.json").read_bytes())
    assert kept["HyperParameters"] == sent["HyperParameters"]
