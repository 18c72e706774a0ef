"""`mrlc pull`: fetch what a job has left, the model first."""

from __future__ import annotations

import argparse
from pathlib import Path

from mrlc.error_handler import RemoteFault, UsageFault
from mrlc.jobs import add_runs, looked_at, one_recorded, say, tidied

LIMIT_GB = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("name", metavar="NAME", help="job, plan folder or experiment")
    parser.add_argument(
        "--to", type=Path, metavar="DIR", help="folder to fill; default: runs/<job>"
    )
    parser.add_argument(
        "--limit-gb",
        type=_count,
        default=LIMIT_GB,
        metavar="N",
        help=f"most that an archive may hold; default {LIMIT_GB}",
    )
    add_runs(parser)


def run(args: argparse.Namespace) -> int:
    """Fetch and unpack; each part appears whole, in place of the one before."""
    from mrlc.runtime.sagemaker.artefacts import pull, uris

    record = one_recorded(args.name, args.runs)
    aws, seen = looked_at(record)
    tidied(aws, record, seen)
    if not seen.has_ended:
        raise RemoteFault(
            f"{record.job} is {seen.status}: a job leaves its results when it ends; "
            f"mrlc logs -f {record.job} waits for it"
        )
    folder, found = args.to or args.runs / record.job, set[str]()
    for part, uri in uris(seen).items():
        try:
            size = pull(aws, uri, folder / part, limit=args.limit_gb * 10**9)
        except OSError as error:
            raise UsageFault(f"cannot write {folder / part}: {error.strerror}") from None
        if size is not None:
            found.add(part)
            print(f"{folder / part}  {size:,} bytes  {uri}")
    if not found:
        raise RemoteFault(f"{record.job} is {seen.status} and has left nothing: mrlc logs says why")
    if "model" in found:
        say(f"measure it: mrlc evaluate {record.plan} --model {folder / 'model'}")
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)
