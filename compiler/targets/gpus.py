"""How many GPUs an instance type has, as far as is known without asking AWS."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

from mrlc.compiler.targets.prices import shipped

TABLE = Path(__file__).with_name("gpus.csv")
_WITHOUT = re.compile(r"ml\.(?:[cmrt]|trn|inf)\d[\w-]*\..+")
"""Families of CPUs, and of AWS's own accelerators, on which neither CUDA nor vLLM's wheel runs."""


def gpus_of(instance: str) -> int | None:
    """GPUs of a type; None where nobody here knows."""
    priced = shipped().of.get(instance)
    if priced is not None:
        return priced.gpus
    return 0 if _WITHOUT.fullmatch(instance) else table().get(instance)


@cache
def table() -> dict[str, int]:
    """The types that are not in the price table."""
    first, _, rest = TABLE.read_text(encoding="utf-8").partition("\n")
    assert first.startswith("#")
    return {row["instance"]: int(row["gpus"]) for row in csv.DictReader(rest.splitlines())}
