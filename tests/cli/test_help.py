"""The first impression: fast, and never a traceback."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mrlc import cli, error_handler
from tests.children import environment, loaded

HEAVY = {"torch", "trl", "transformers", "accelerate", "sagemaker", "boto3", "pandas", "numpy"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["complie"]])
def test_help_loads_nothing(arguments):
    assert not loaded(*arguments) & (HEAVY | {"rich", "pydantic", "jinja2", "ruamel"})


@pytest.mark.parametrize(
    "arguments", [["compile", "--help"], ["check", "none.yaml"], ["run", "--help"]]
)
def test_command_loads_no_torch(arguments):
    assert not loaded(*arguments) & HEAVY


def test_help_names_every_command(mrlc):
    done = mrlc("--help")
    assert done.returncode == 0
    shown = " ".join(done.stdout.split())
    for name, text in cli.COMMANDS.items():
        assert f"{name} {text}" in shown


def test_every_module_is_a_command():
    folder = Path(cli.__file__).parent / "commands"
    stems = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {stem.replace("_", "-") for stem in stems} == set(cli.COMMANDS)


def test_bare_shows_help(mrlc):
    done = mrlc()
    assert (done.returncode, "compile" in done.stdout) == (2, True)


def test_unknown_command(mrlc):
    done = mrlc("complie")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "mrlc: unknown command `complie`; did you mean `mrlc compile`?\n"


def test_unknown_option_is_answered_by_its_command(mrlc):
    done = mrlc("check", "--fxi")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: mrlc check ")
    assert done.stderr.endswith("unrecognized arguments: --fxi; did you mean `--fix`?\n")


def test_schema_allows_what_the_compiler_consumes(mrlc):
    schema = json.loads(mrlc("schema").stdout)
    assert {"extends", "vars", "model", "environment"} <= schema["properties"].keys()
    assert schema["additionalProperties"] is False


def raising(error: BaseException) -> int:
    def command() -> int:
        raise error

    return error_handler.guard(command)


def test_missing_extra(capsys):
    assert raising(ModuleNotFoundError("No module named 'torch'", name="torch.nn")) == 2
    assert "pip install 'mrlc[train]'" in capsys.readouterr().err


def test_interrupt():
    assert raising(KeyboardInterrupt()) == 130


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOTDIR])
def test_what_the_disk_refuses_is_no_bug_of_ours(capsys, number):
    assert raising(OSError(number, os.strerror(number), "gates")) == 2
    assert capsys.readouterr().err == f"mrlc: cannot go on: gates: {os.strerror(number).lower()}\n"


def test_our_own_bug_goes_to_a_log(capsys):
    assert raising(KeyError("x")) == 3
    shown = capsys.readouterr().err
    assert "error[MRLC901]" in shown
    assert "Traceback" not in shown
    log = Path(shown.rstrip().rpartition(" ")[2])
    assert "Traceback" in log.read_text()
    log.unlink()


@pytest.mark.parametrize("closed", ["1", "2"])
def test_output_that_is_closed(closed):
    command = f'"{sys.executable}" -m mrlc explain MRLC101 {closed}>&-'
    assert subprocess.run(["sh", "-c", command], check=False, env=environment()).returncode == 0


def test_reader_that_leaves(project):
    command = [sys.executable, "-m", "mrlc", "schema"]
    process = subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.wait() == 141
    assert process.stderr.read() == b""
    process.stderr.close()
