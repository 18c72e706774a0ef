"""source.tar.gz: what is in it, that it runs, and that its bytes depend on nothing else."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.current import outdated
from mrlc.compiler.targets.archive import StoredGzip, runtime_files
from mrlc.compiler.targets.request import ENTRY
from tests.channels import deliver
from tests.children import environment

ROOT = Path(__file__).parents[3]
PROGRAM = (
    "import sys; from pathlib import Path; from mrlc.compiler import *;"
    "write_plan(compile_spec(Path(sys.argv[1])), Path(sys.argv[2]))"
)


@pytest.mark.parametrize("size", [0, 1, 65_534, 65_535, 65_536, 200_000])
def test_gzip_can_be_read_by_others(size):
    content, out = os.urandom(size), io.BytesIO()
    stream = StoredGzip(out)
    for start in range(0, size, 7_001):
        stream.write(content[start : start + 7_001])
    stream.finish()
    assert gzip.decompress(out.getvalue()) == content
    assert stream.digest.hexdigest() == hashlib.sha256(out.getvalue()).hexdigest()
    assert stream.size == len(out.getvalue())


def test_it_holds_the_runtime_and_the_inputs_alone(built, compiled):
    with tarfile.open(built / "source.tar.gz") as archive:
        members = archive.getmembers()
        names = [member.name for member in members]
    inputs = {f"plan/inputs/{key}" for key in compiled.plan.inputs}
    assert names == sorted({*runtime_files(), *inputs})
    assert {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in members} == {
        (0, 0, 0, "", 0o644)
    }


def test_it_holds_all_code_of_the_runtime():
    sources = {
        f"mrlc/{path.relative_to(ROOT).as_posix()}"
        for package in ("runtime", "schemas")
        for path in (ROOT / package).rglob("*.py")
    }
    assert set(runtime_files()) == {*sources, "mrlc/__init__.py"}


def test_no_path_of_the_machine_is_in_it(built, tmp_path):
    content = (built / "source.tar.gz").read_bytes()
    assert str(tmp_path).encode() not in content


def test_the_lines_of_the_spec_lie_beside_it(built, compiled):
    places = json.loads((built / "places.json").read_bytes())
    written = compiled.provenance.positions
    assert places.keys() == {"", *written}
    assert places[""] == "specs/desk.yaml:1:1"
    at = written["reward.components.0.kind"]
    assert places["reward.components.0.kind"] == f"specs/desk.yaml:{at.line}:{at.column}"


def test_lines_that_move_make_neither_another_source_nor_another_job(built, compiled, tmp_path):
    """A comment changes where faults are shown, and not one byte of what is sent by digest."""
    spec = Path(compiled.provenance.root) / "specs/desk.yaml"
    before = {path.name: path.read_bytes() for path in built.iterdir() if path.is_file()}
    spec.write_text(f"# a comment\n{spec.read_text()}")
    moved = compile_spec(spec)
    assert outdated(moved, tmp_path / "build") == []
    folder = write_plan(moved, tmp_path / "build")
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert {name for name in after if after[name] != before[name]} == {
        "places.json",
        "provenance.json",
    }
    path = "reward.components.0.kind"
    lines = [int(json.loads(one["places.json"])[path].split(":")[1]) for one in (before, after)]
    assert lines[1] == lines[0] + 1


def test_bytes_depend_on_the_content_alone(compiled, built, tmp_path):
    """Neither on the hash seed, nor the folder, nor when files were touched or by whom."""
    root = Path(compiled.provenance.root)
    found = {(built / "source.tar.gz").read_bytes()}
    for seed, folder in (("0", "/"), ("1", str(root))):
        for path in root.rglob("*"):
            os.utime(path, (int(seed) * 10**9, int(seed) * 10**9))
        (root / "specs/rewards.py").chmod(0o755 if seed == "0" else 0o600)
        out = tmp_path / f"out{seed}"
        spec = os.path.relpath(root / "specs/desk.yaml", folder)
        command = [sys.executable, "-c", PROGRAM, spec, str(out)]
        subprocess.run(command, cwd=folder, env=environment(PYTHONHASHSEED=seed), check=True)
        found.add((out / "desk/source.tar.gz").read_bytes())
        for name in ("estimator.json", "manifest.json"):
            assert (out / "desk" / name).read_bytes() == (built / name).read_bytes()
    assert len(found) == 1


def test_the_entry_unpacks_and_reaches_the_runtime(built, tmp_path):
    """By the request's own command, in a root that stands for /opt/ml."""
    root = tmp_path / "ml"
    deliver(built, root)
    load = "from pathlib import Path; from mrlc.runtime.setup import load_plan"
    shown = (
        "load_plan(Path('plan')).experiment.name, Path('plan/places.json').exists(), mrlc.__file__"
    )
    program = f"{load}; import mrlc; print({shown})"
    command = ENTRY.replace("python3 -m mrlc.runtime.launch plan", f'"$PYTHON" -c "{program}"')
    environment = {"PATH": os.environ["PATH"], "MRLC_ML_ROOT": str(root), "PYTHON": sys.executable}
    shell = ["/bin/sh", "-c", command]
    done = subprocess.run(
        shell, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["desk", "True", str(root / "code/mrlc/__init__.py")]
