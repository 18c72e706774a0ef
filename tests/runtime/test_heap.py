"""Freed memory is kept, so that pages are cleared once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource
import torch
{call}
def layer():
    blocks = [torch.empty(2_000_000).fill_(1) for _ in range(6)]
layer(); layer()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    layer()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
KEEP = "from mrlc.runtime.heap import keep_freed_memory; keep_freed_memory()"


def faults(call: str, **environment: str) -> int:
    """Page faults of ten rounds that allocate 48 MB in six blocks and free them."""
    command = [sys.executable, "-c", FAULTS.format(call=call)]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's settings")
def test_pages_are_cleared_once() -> None:
    rounds = 10 * 48_000_000 / os.sysconf("SC_PAGE_SIZE")
    assert faults(KEEP) < rounds / 20
    assert faults(KEEP, MALLOC_TRIM_THRESHOLD_="131072") > rounds / 2  # the user's own choice holds
