"""`mrlc policy`: the least permissions that caller and role need, as IAM takes them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mrlc.jobs import job_of, say
from mrlc.plans import plan_folders

PARTS = ("caller", "role", "trust", "topics", "keys")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "plans", nargs="+", type=Path, metavar="PLAN", help="plan folders, or sweeps"
    )
    parser.add_argument(
        "--of", choices=PARTS, help="one alone, as `aws iam put-role-policy` takes it"
    )


def run(args: argparse.Namespace) -> int:
    """Print the policies; nothing is asked of AWS."""
    from mrlc.runtime.sagemaker.policy import policies

    folders = plan_folders(args.plans)
    jobs = [job_of(folder)[1] for folder in folders]
    found = policies(jobs, [(folder / "plan.json").read_text("utf-8") for folder in folders])
    print(json.dumps(found[args.of] if args.of else found, indent=2))
    if found["keys"] and args.of in (None, "topics", "keys"):
        say(
            "a topic that is encrypted with a key of yours needs the statements of `keys` in that "
            "key's policy; under alias/aws/sns, whose policy nobody can change, neither alarms nor "
            "the job's end reach it"
        )
    return 0
