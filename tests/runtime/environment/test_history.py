"""What counts as shown, whatever a model looks for in whatever it has written."""

from __future__ import annotations

import pytest

from mrlc.runtime.environment.history import MAX_WORD, Past

LONG = "a!" * 200_000


@pytest.mark.parametrize(
    ("text", "value", "is_shown"),
    [
        ("the job J1, then", "J1", True),
        ("the job J12", "J1", False),
        (LONG, LONG, True),
        (f"{LONG} and more", LONG, False),
        ("x " + "y" * MAX_WORD, "y" * MAX_WORD, True),
    ],
)
def test_shown(text: str, value: str, is_shown: bool) -> None:
    assert Past([], [text]).shown(value) is is_shown


def test_near_misses_take_no_time() -> None:
    """Half of the text at each place of it: the whole search would take hours."""
    assert not Past([], [LONG]).shown(LONG[: len(LONG) // 2])
