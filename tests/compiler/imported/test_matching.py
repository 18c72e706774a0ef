"""Patterns of identifiers and dates get an example; the rest are told, and none is wrong."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.compiler.imported.matching import matching


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^A-[0-9]+$", "A-17"),
        (r"^\d{4}-\d{2}-\d{2}$", "0017-17-17"),
        (r"^[A-Z]{3}$", "AAA"),
        (r"^(EUR|USD)$", "EUR"),
        (r"^[^@]+@example\.com$", "17@example.com"),
        (r"^[0-9a-f]{8}$", "00000017"),
        (r"^\d{1,2}$", "17"),
        (r"^\d$", "7"),
        (r"^x?y*$", "xy"),
        (r"^(?!A)[A-Z]$", None),
        (r"(a)\1", None),
        (r"[0-9", None),
        (r"^\n$", None),
        (r"a{1000}", None),
    ],
)
def test_matching(pattern: str, expected: str | None) -> None:
    assert matching(pattern, 17) == expected


@settings(max_examples=200, deadline=None)
@given(st.text("aA0-9[](){}|^$.*+?\\dwsb,:=!<>1", max_size=12), st.integers(1, 999))
def test_a_match_matches(pattern: str, number: int) -> None:
    text = matching(pattern, number)
    assert text is None or re.search(pattern, text)
