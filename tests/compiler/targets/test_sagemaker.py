"""The files of a job: what stands in them, and that nothing but the plan decides it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import pytest

from mrlc.compiler import compile_spec, compile_variants, write_plan, write_sweep
from mrlc.compiler.current import outdated
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.request import ENTRY, job_name
from mrlc.compiler.targets.service_model import refusals

NAMES = ("estimator.json", "alarms.json", "events.json", "manifest.json", "source.tar.gz")


def read(folder, name):
    return json.loads((folder / name).read_bytes())


def without_source(text: str) -> str:
    """The digests of source and plan follow mrlc's own code; all else is the spec's."""
    return re.sub(r"(source|plan)/[0-9a-f]{64}/", r"\1/<digest>/", text)


def test_snapshot_of_a_job_with_everything(built, snapshot):
    for name in ("estimator.json", "alarms.json", "events.json"):
        assert without_source((built / name).read_text()) == snapshot(name=name)


def test_snapshot_of_the_least_job(tmp_path, snapshot):
    folder = write_plan(compile_spec(write(tmp_path.resolve(), [job()])), tmp_path / "build")
    request = read(folder, "estimator.json")
    request["AlgorithmSpecification"].pop("MetricDefinitions")
    assert without_source(json.dumps(request, indent=2)) == snapshot
    assert read(folder, "events.json") == {}
    assert not any(alarm["ActionsEnabled"] for alarm in read(folder, "alarms.json"))


def test_services_take_every_request(built):
    events = read(built, "events.json")
    requests = [
        (read(built, "estimator.json"), "CreateTrainingJobRequest", "sagemaker"),
        *((alarm, "PutMetricAlarmInput", "cloudwatch") for alarm in read(built, "alarms.json")),
        (events["rule"], "PutRuleRequest", "events"),
        (events["targets"], "PutTargetsRequest", "events"),
    ]
    for request, shape, service in requests:
        assert list(refusals(request, shape, service=service)) == []


def test_manifest_knows_every_file(built, compiled):
    manifest = read(built, "manifest.json")
    assert set(manifest["files"]) == {*NAMES, "plan.json"} - {"manifest.json"}
    for name, said in manifest["files"].items():
        content = (built / name).read_bytes()
        assert said == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    assert manifest["estimator"] == manifest["files"]["estimator.json"]["sha256"]
    assert manifest["inputs"].keys() == compiled.plan.inputs.keys()
    assert manifest["region"] == "us-east-1"
    channels = read(built, "estimator.json")["InputDataConfig"]
    uris = {one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in channels}
    assert manifest["source"]["s3"] == f"{uris['mrlc']}source.tar.gz"
    assert manifest["plan"]["s3"] == f"{uris['mrlc-plan']}plan.json"
    assert manifest["places"]["s3"] == f"{uris['mrlc-plan']}places.json"


def test_name_of_the_job(built, compiled):
    semantic = compiled.plan.digests.semantic
    assert read(built, "estimator.json")["TrainingJobName"] == f"desk-{semantic[:10]}"
    longest = job_name("a_" * 23 + "bc", semantic)
    assert list(refusals(longest, "TrainingJobName")) == []
    assert len(f"mrlc-{longest}") <= 64, "the name of a rule of EventBridge"


def test_entry_is_short_enough_and_hands_over():
    assert len(ENTRY) <= 256
    assert " && exec python3 " in ENTRY


def test_the_target_is_no_part_of_what_is_learnt(project, compiled):
    assert compile_spec(project.spec).plan.digests.semantic == compiled.plan.digests.semantic


def test_unchanged_job_is_left_alone(built, compiled, tmp_path):
    before = built.stat().st_ino
    assert outdated(compiled, tmp_path / "build") == []
    assert write_plan(compiled, tmp_path / "build").stat().st_ino == before


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tamper", [lambda path: path.write_text("{}"), lambda path: path.unlink()])
def test_tampered_job_is_written_again(built, compiled, tmp_path, name, tamper):
    before = (built / name).read_bytes()
    tamper(built / name)
    assert outdated(compiled, tmp_path / "build") != []
    write_plan(compiled, tmp_path / "build")
    assert (built / name).read_bytes() == before


def test_variants_with_other_files_have_other_archives(tmp_path):
    axis = "sweep: {over: {data.train: [data/train.jsonl, data/more.jsonl]}}"
    spec = write(tmp_path.resolve(), [job(), Edit("mrlc: v1", f"mrlc: v1\n{axis}")])
    train = spec.with_name("data") / "train.jsonl"
    train.with_name("more.jsonl").write_text(train.read_text().replace("Bike", "Is bike"))
    folder = write_sweep(compile_variants(spec), tmp_path / "build")
    assert len({path.read_bytes() for path in folder.glob("*/source.tar.gz")}) == 2


def test_each_variant_is_a_job(tmp_path):
    sweep = Edit("mrlc: v1", "mrlc: v1\nsweep: {over: {algorithm.group_size: [2, 4]}}")
    swept = compile_variants(write(tmp_path.resolve(), [job(), sweep]))
    folder = write_sweep(swept, tmp_path / "build")
    requests = [read(path.parent, path.name) for path in folder.glob("*/estimator.json")]
    assert len({request["TrainingJobName"] for request in requests}) == 2
    archives = list(folder.glob("*/source.tar.gz"))
    assert len({path.read_bytes() for path in archives}) == 1, "they differ in their plans alone"
    assert len({path.stat().st_ino for path in archives}) == 1, "written once"
    before = folder.stat().st_ino
    assert write_sweep(swept, tmp_path / "build").stat().st_ino == before
    shutil.rmtree(next(folder.glob("*/inputs")))
    assert write_sweep(swept, tmp_path / "build").stat().st_ino != before


def test_references_are_written_as_they_are(tmp_path):
    secret = "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:hub"
    edits = [job(environment=f'{{HF_TOKEN: "{secret}"}}')]
    folder = write_plan(compile_spec(write(tmp_path.resolve(), edits)), tmp_path / "build")
    assert read(folder, "estimator.json")["Environment"] == {"HF_TOKEN": secret}
