"""`mrlc pull`: what a job left, unpacked with care, whole or not at all."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.model.tiny import build_model, build_tokenizer
from mrlc.runtime.sagemaker.artefacts import BadArchive, unpack
from mrlc.schemas.model import Tiny
from tests.aws.conftest import BUCKET, Desk, at
from tests.aws.proxy import Proxy
from tests.aws.test_following import described, states

Member = tuple[str, bytes | tarfile.TarInfo]


def archive(*members: Member) -> bytes:
    """A .tar.gz."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                made.addfile(content)
            else:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                made.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def special(kind: bytes, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo("x")
    entry.type, entry.linkname = kind, target
    return entry


def leave(desk: Desk, name: str, content: bytes) -> None:
    key = f"mrlc/{desk.name}/output/{name}"
    at(desk.moto, "s3").put_object(Bucket=BUCKET, Key=key, Body=content)


@pytest.fixture
def ended(desk: Desk, capsys: Any) -> Desk:
    """A job that has completed."""
    assert desk.submit() == 0
    capsys.readouterr()
    return desk


def test_model_and_output_come_to_the_run(ended: Desk, capsys: Any) -> None:
    leave(
        ended, "model.tar.gz", archive(("./", special(tarfile.DIRTYPE)), ("./config.json", b"{}"))
    )
    leave(ended, "output.tar.gz", archive(("report/steps.csv", b"1\n")))
    assert ended.mrlc("pull", ended.name) == 0
    folder = ended.runs / ended.name
    assert (folder / "model/config.json").read_bytes() == b"{}"
    assert (folder / "output/report/steps.csv").read_bytes() == b"1\n"
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "model", "output"]
    assert f"mrlc evaluate {ended.folder} --model {folder / 'model'}" in capsys.readouterr().err


def test_a_second_pull_replaces_the_first(ended: Desk) -> None:
    leave(ended, "model.tar.gz", archive(("old", b"1")))
    ended.mrlc("pull", ended.name, "--to", ended.root / "here")
    leave(ended, "model.tar.gz", archive(("new", b"2")))
    assert ended.mrlc("pull", ended.name, "--to", ended.root / "here") == 0
    assert [path.name for path in (ended.root / "here/model").iterdir()] == ["new"]


def test_a_pulled_model_is_one_to_evaluate(ended: Desk, capsys: Any) -> None:
    texts = ['<|im_start|>user\nBike 1?<|im_end|>{"job": "J1"}']
    tokenizer = build_tokenizer(Tiny(), texts=texts, markup=["<final_output>", "</final_output>"])
    made = ended.root / "made"
    build_model(Tiny(hidden_size=32, heads=2), tokenizer, seed=1).save_pretrained(made)
    tokenizer.save_pretrained(made)
    files = [(path.name, path.read_bytes()) for path in sorted(made.iterdir())]
    leave(ended, "model.tar.gz", archive(*files))
    assert ended.mrlc("pull", ended.name) == 0
    capsys.readouterr()
    from mrlc.cli import main

    model = ended.runs / ended.name / "model"
    options = ["--limit", "1", "--samples", "0", "-f", "json"]
    assert main(["evaluate", str(ended.folder), "--model", str(model), *options]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["tasks"] == 1


BAD: dict[str, tuple[bytes, str]] = {
    "out by dots": (archive(("../evil", b"x")), "`../evil` leads out of it"),
    "out by dots in the middle": (archive(("a/../../evil", b"x")), "leads out of it"),
    "out by the root": (archive(("/tmp/evil", b"x")), "leads out of it"),
    "a symbolic link": (
        archive(("link", special(tarfile.SYMTYPE, "/etc"))),
        "neither a file nor a folder",
    ),
    "a hard link": (
        archive(("a", b"x"), ("b", special(tarfile.LNKTYPE, "a"))),
        "neither a file nor a folder",
    ),
    "a pipe": (archive(("pipe", special(tarfile.FIFOTYPE))), "neither a file nor a folder"),
    "a device": (archive(("null", special(tarfile.CHRTYPE))), "neither a file nor a folder"),
    "more than it may": (archive(("big", b"0" * 2_000_000)), "more than 1,000,000 bytes"),
    "a file in the place of a folder": (archive(("a", b"x"), ("a/b", b"y")), "the same name"),
    "not whole": (archive(("a", b"0" * 1000))[:60], "not a whole .tar.gz"),
    "no archive": (b"<html>", "not a whole .tar.gz"),
    "nothing": (b"", "not a whole .tar.gz"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_unpacked(tmp_path: Path, case: str) -> None:
    content, message = BAD[case]
    with pytest.raises(BadArchive, match=message):
        unpack(io.BytesIO(content), tmp_path / "model", limit=1_000_000)
    assert not list(tmp_path.rglob("*evil*"))


@pytest.mark.parametrize("case", ["out by dots", "not whole"])
def test_a_bad_archive_leaves_the_one_before(ended: Desk, capsys: Any, case: str) -> None:
    leave(ended, "model.tar.gz", archive(("good", b"1")))
    ended.mrlc("pull", ended.name)
    leave(ended, "model.tar.gz", BAD[case][0])
    assert ended.mrlc("pull", ended.name) == 4
    assert "is not unpacked" in capsys.readouterr().err
    folder = ended.runs / ended.name
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "model"]
    assert (folder / "model/good").exists()


def test_too_early_and_nothing_there(ended: Desk, proxy: Proxy, capsys: Any) -> None:
    assert ended.mrlc("pull", ended.name) == 4
    assert "has left nothing" in capsys.readouterr().err
    states(proxy, described(ended, "InProgress"))
    assert ended.mrlc("pull", ended.name) == 4
    assert f"mrlc logs -f {ended.name} waits for it" in capsys.readouterr().err
