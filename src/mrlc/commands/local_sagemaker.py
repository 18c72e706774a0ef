"""`mrlc local-sagemaker`: SageMaker's training jobs on this machine, for trying a job out."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from mrlc.error_handler import UsageFault

DEFAULT_REGION = "us-east-1"

if TYPE_CHECKING:
    from mrlc.runtime.sagemaker.local.session import Local


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--port", type=int, default=0, help="of SageMaker; default: any free one")
    parser.add_argument(
        "--side-port", type=int, default=0, help="of S3 and the others; default: any free one"
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=120.0,
        metavar="SECONDS",
        help="from SIGTERM to SIGKILL; default 120, as SageMaker has it",
    )
    parser.add_argument(
        "--bucket", action="append", default=[], metavar="NAME", help="make a bucket; repeatable"
    )
    parser.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="COMMAND …",
        help="run it with the servers' addresses and end with it; without one, print them and wait",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until the command ends, or until Ctrl-C or SIGTERM."""
    from mrlc.compiler.targets.service_model import refusals
    from mrlc.runtime.sagemaker.local.session import open_local

    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    for port in (args.port, args.side_port):
        _check_free(port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that both end in good order
    with open_local(
        refusals, port=args.port, side_port=args.side_port, grace_s=args.grace
    ) as local:
        for name in args.bucket:
            local.cloud.client("s3", DEFAULT_REGION).create_bucket(Bucket=name)
        return _run(command, local) if command else _wait(local)


def _check_free(port: int) -> None:
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except (OSError, OverflowError):
        raise UsageFault(f"port {port} is taken; leave it out for any free one") from None


def _run(command: list[str], local: Local) -> int:
    try:
        environment = {**os.environ, **local.environment}
        return subprocess.run(command, env=environment, check=False).returncode
    except OSError as error:
        raise UsageFault(f"cannot run {command[0]}: {error.strerror}") from None


def _wait(local: Local) -> int:
    for name, value in local.environment.items():
        print(f"export {name}={shlex.quote(value)}", flush=True)
    print("serving until Ctrl-C", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):
        Event().wait()
    return 0
