"""A job's log on the terminal, to the job's end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from mrlc.jobs import looked_at, outcome, say

if TYPE_CHECKING:
    from mrlc.runtime.sagemaker.client import Aws
    from mrlc.runtime.sagemaker.jobs import Seen
    from mrlc.runtime.sagemaker.logs import Tail
    from mrlc.runtime.sagemaker.records import Record


def followed(record: Record, poll_s: float) -> tuple[Aws, Seen, bool]:
    """Print what a job prints until it has ended, and how; whether it did what it was sent for."""
    from mrlc.runtime.sagemaker.logs import Tail

    aws, seen = looked_at(record)
    tail = Tail(aws, record.job)
    print_new(tail)
    while not seen.has_ended:
        time.sleep(poll_s)
        # Looked at before the log is read, so that what was printed last is read after the end.
        aws, seen = looked_at(record)
        print_new(tail)
    return aws, seen, say_end(aws, seen)


def say_end(aws: Aws, seen: Seen) -> bool:
    """Tell how a job ended, and why; whether it did all that it was sent to do."""
    how, is_done = outcome(aws, seen)
    say(f"{seen.name}: {how}")
    return is_done


def print_new(tail: Tail) -> None:
    """New lines, with their container where there are several; what is invisible as an escape."""
    from mrlc.compiler.render.text import visible

    lines = tail.read()
    for line in lines:
        host = f"{line.host}  " if tail.hosts > 1 else ""
        print(f"{host}{visible(line.text.rstrip())}")
    if lines:
        print(end="", flush=True)
