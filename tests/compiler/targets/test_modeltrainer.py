"""modeltrainer.py as text: what it says, and that it is a program whatever a spec holds."""

from __future__ import annotations

import ast
import json
import re

from mrlc.cli import main
from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.example import Edit, write
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.modeltrainer import modeltrainer, of_folder
from tests.bench.bad_requests import CASES, good_request, request

FILES = {"source.tar.gz": "s3://my-team/mrlc/source/0/source.tar.gz"}


def test_snapshot_of_a_job_with_everything(built, snapshot):
    text = re.sub(r"[0-9a-f]{64}", "<digest>", of_folder(built))
    assert text == snapshot


def test_every_request_becomes_a_program():
    for case in CASES:
        ast.parse(modeltrainer(request(case), files=FILES, region="us-east-1"))


def test_a_value_is_never_code():
    sly = good_request() | {"Environment": {'A"]; import os #': '\'"""{os}\\\n\N{SNOWMAN}'}}
    program = ast.parse(modeltrainer(sly, files=FILES, region=None))
    (found,) = [
        word.value
        for node in ast.walk(program)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg == "environment"
    ]
    assert ast.literal_eval(found) == sly["Environment"]


def test_compile_writes_it_beside_each_job_and_nothing_else_changes(tmp_path, capsys):
    sweep = Edit("mrlc: v1", "mrlc: v1\nsweep: {over: {algorithm.group_size: [2, 4]}}")
    spec = write(tmp_path.resolve(), [job(), sweep])
    out = str(tmp_path / "build")
    assert main(["compile", str(spec), "--out", out]) == 0
    before = {p: p.read_bytes() for p in (tmp_path / "build").rglob("*") if p.is_file()}
    assert main(["compile", str(spec), "--out", out, "--emit", "modeltrainer"]) == 0
    after = {p: p.read_bytes() for p in (tmp_path / "build").rglob("*") if p.is_file()}
    new = sorted(after.keys() - before.keys())
    assert [path.name for path in new] == ["modeltrainer.py"] * 2
    assert {path: after[path] for path in before} == before
    names = {json.loads((one.parent / "manifest.json").read_bytes())["job"] for one in new}
    assert all(any(f'JOB = "{name}"' in one.read_text() for one in new) for name in names)
    assert str(new[0]) in capsys.readouterr().err
    assert main(["compile", str(spec), "--out", out, "--check"]) == 0


def test_without_a_job_there_is_nothing_to_emit(project, tmp_path, capsys):
    folder = str(tmp_path / "build")
    assert main(["compile", str(project.spec), "--out", folder, "--emit", "modeltrainer"]) == 2
    assert "no spec has a target.sagemaker" in capsys.readouterr().err


def test_it_follows_the_plan(tmp_path):
    first = write_plan(compile_spec(write(tmp_path.resolve() / "a", [job()])), tmp_path)
    text = of_folder(first)
    assert "ml.g6e.12xlarge" in text
    assert "with_retry_strategy" not in text
    assert "CheckpointConfig" not in text
