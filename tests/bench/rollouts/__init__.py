"""Rollouts: mrlc against TRL's stock loop and a plain asyncio loop, in one table from one run.

    python -m tests.bench.rollouts                 5 minutes; what would take longer is estimated
    python -m tests.bench.rollouts --full          every cell measured: an hour
    python -m tests.bench.rollouts --model 0.9M    so small that memory and Python take the time
    python -m tests.bench.rollouts --model 0.6B    on a GPU, a model of real size

    stage ─▶ loops ─▶ cells ─▶ table
             ideal, training ─┘

All loops play the same forced episodes, token for token, or the run fails.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.runtime.run import quiet_libraries

if TYPE_CHECKING:
    from .cells import Table

SMALL = "4M"
"""The model that a CPU has time for: of the width of a real one, so that arithmetic takes the time."""


def run(model: str = SMALL, *, full: bool = False, tell: Callable[[str], None] = print) -> Table:
    """Measure; rows are told as they come."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    quiet_libraries()  # before they are imported
    from .cells import measure_cells
    from .stage import SHAPES
    from .table import foot, head, row

    tell("\n".join(head()))
    with tempfile.TemporaryDirectory() as folder:
        table = measure_cells(
            Path(folder).resolve(),
            SHAPES[model],
            full=full,
            on_cell=lambda cell: tell(row(cell)),
        )
    tell("\n".join(foot(table)))
    return table
