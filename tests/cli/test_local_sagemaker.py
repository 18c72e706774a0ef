"""`mrlc local-sagemaker`: addresses for a command, its exit code, and what goes wrong."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Mrlc

LOOK = """
import boto3
boto3.client("s3").put_object(Bucket="my-team", Key="x", Body=b"x")
print(boto3.client("sagemaker").list_training_jobs()["TrainingJobSummaries"])
raise SystemExit(7)
"""


def test_a_command_finds_both_servers(mrlc: Mrlc) -> None:
    done = mrlc("local-sagemaker", "--bucket", "my-team", "--", sys.executable, "-c", LOOK)
    assert (done.returncode, done.stdout) == (7, "[]\n"), done.stderr


def test_no_such_command(mrlc: Mrlc) -> None:
    done = mrlc("local-sagemaker", "no-such-command")
    assert done.returncode == 2
    assert done.stderr == "mrlc: cannot run no-such-command: No such file or directory\n"


def test_a_port_that_is_taken(mrlc: Mrlc) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = mrlc("local-sagemaker", "--side-port", port, "true")
    assert done.returncode == 2
    assert done.stderr == f"mrlc: port {port} is taken; leave it out for any free one\n"
