"""What the compiler says that code can import, it can."""

from __future__ import annotations

import pytest

from mrlc.compiler.rules.demonstrated_code import MODULES

from .conftest import Open


@pytest.mark.parametrize("tier", MODULES)
def test_imports(engine: Open, tier: str) -> None:
    code = "\n".join(f"import {name}" for name in MODULES[tier].split())
    assert engine(f"python-{tier}").run(f"{code}\n1", seed=1).text == "1"


def test_used_for_the_first_time_inside(engine: Open) -> None:
    """Parts of the standard library import others only when they are called."""
    code = """
import datetime, decimal, fractions, json, random, re, statistics, csv, io, collections, hashlib, uuid
print(datetime.datetime.strptime('2026-01-02', '%Y-%m-%d'), decimal.Decimal('1.1') + 1)
print(statistics.median([1, 3]), fractions.Fraction(1, 3), json.loads('[1]'), re.sub('a', 'b', 'ca'))
print(list(csv.reader(io.StringIO('a,b'))), hashlib.sha256(b'x').hexdigest()[:4], 'ü'.encode('latin-1'))
print(collections.namedtuple('P', 'x')(1), '{:,}'.format(10**6), 'é'.encode('idna'), uuid.UUID(int=1))
try:
    1 / 0
except ZeroDivisionError:
    import traceback
    traceback.print_exc()
"""
    outcome = engine("python-process").run(code, seed=1)
    assert outcome.state == "ok", outcome.text
