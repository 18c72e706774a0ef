"""What a job can cost at most: its price an hour, times the longest that it may run.

Prices are a table that ships or one of the project's own in its place. Its first line says which
prices and of when, and stands wherever a sum is shown; of the table that ships it says that it was
written from memory.

    # on-demand, us-east-1, 2025-07
    instance,gpus,gpu_memory_gib,local_disk,usd_hour
    ml.g6e.12xlarge,4,192,yes,13.116
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mrlc.compiler.files import InputFile
from mrlc.schemas.sagemaker import SageMaker

COLUMNS = ("instance", "gpus", "gpu_memory_gib", "local_disk", "usd_hour")
SHIPPED = Path(__file__).with_name("prices.csv")


class BadTable(Exception):
    """Not a price table; holds what is wrong and the line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Price:
    """What is known of an instance type."""

    gpus: int
    gpu_memory_gib: int
    """Of all its GPUs together."""
    has_local_disk: bool
    usd_hour: float


@dataclass(frozen=True)
class Prices:
    """A price table."""

    basis: str
    """Which prices, where and when: its first line."""
    of: Mapping[str, Price]


@dataclass(frozen=True)
class Ceiling:
    """The most that a job uses and costs."""

    hours: float
    """Of wall time that is paid for: the longest run, and the warm pool after it."""
    instances: str
    """`2 × ml.g6e.12xlarge`."""
    gpu_hours: float | None
    usd: float | None
    """None where an instance has no price."""
    basis: str
    spot: bool


def read_prices(text: str) -> Prices:
    """A table from its text.

    Raises:
        BadTable: it is none.
    """
    first, _, rest = text.partition("\n")
    if not first.startswith("#"):
        raise BadTable("the first line says which prices: `# on-demand, us-east-1, 2026-11`", 1)
    lines = [line for line in rest.splitlines() if not line.startswith("#")]
    skipped = len(rest.splitlines()) - len(lines) + 1
    rows = csv.DictReader(lines)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise BadTable(f"the columns of a price table are {','.join(COLUMNS)}", skipped + 1)
    found = {}
    for row in rows:
        try:
            found[row["instance"]] = _price(row)
        except (TypeError, ValueError) as error:
            raise BadTable(f"`{row['instance']}`: {error}", skipped + rows.line_num) from None
    return Prices(first.lstrip("# ").strip(), found)


def _price(row: Mapping[str, str]) -> Price:
    if row["local_disk"] not in ("yes", "no"):
        raise ValueError("local_disk is yes or no")
    usd = float(row["usd_hour"])
    if not (math.isfinite(usd) and usd > 0):
        raise ValueError("usd_hour is a positive number")
    return Price(int(row["gpus"]), int(row["gpu_memory_gib"]), row["local_disk"] == "yes", usd)


@cache
def shipped() -> Prices:
    """The table that ships."""
    return read_prices(SHIPPED.read_text(encoding="utf-8"))


def prices_of(job: SageMaker, files: Mapping[str, InputFile]) -> Prices:
    """The table that a job is reckoned by.

    Raises:
        BadTable: the project's own is none.
    """
    return shipped() if job.prices is None else read_prices(files[job.prices].text)


def ceiling(job: SageMaker, prices: Prices) -> Ceiling:
    """The most that a job can use and cost: an upper bound, not a forecast."""
    hours = (job.max_runtime_s + (job.warm_pool_s or 0)) / 3600
    known = [(prices.of.get(instance), count) for instance, count in job.groups]
    usd, gpus = None, None
    if known and all(price is not None for price, _ in known):
        usd = round(hours * math.fsum(p.usd_hour * count for p, count in known if p), 2)
        gpus = round(hours * sum(p.gpus * count for p, count in known if p), 2)
    listed = " + ".join(f"{count} × {instance}" for instance, count in job.groups)
    return Ceiling(round(hours, 2), listed, gpus, usd, prices.basis, job.spot)
