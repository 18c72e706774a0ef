"""Patterns match as Python's do, and every match ends."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.runtime.patterns import LONGEST, Pattern

PATTERNS = [
    r"J[0-9]+",
    r"^\d{4}$",
    r"(?i)bike",
    r"[^\W\d_]+",
    r"a|b|",
    r"\bx\b",
    r"(a+)b\1",
    r"é.$",
]


@given(st.sampled_from(PATTERNS), st.text("abxJ0123é \nBIKEbike", max_size=12))
def test_they_are_pythons(pattern: str, text: str) -> None:
    assert Pattern(pattern).is_in(text) is (re.search(pattern, text) is not None)
    assert Pattern(pattern).is_all(text) is (re.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize("pattern", [r"(\w+\s?)*$", r"^([0-9a]+)*$", r"(a|a)*$", r"(a*)*b"])
def test_a_match_that_would_take_for_ever_ends(pattern: str) -> None:
    start = time.monotonic()
    assert not Pattern(pattern).is_all("a" * 40 + "!")
    assert time.monotonic() - start < 10  # `re` needs years


def test_a_text_beyond_the_bound_does_not_match() -> None:
    assert Pattern("a*").is_all("a" * LONGEST)
    assert not Pattern("a*").is_all("a" * (LONGEST + 1))
