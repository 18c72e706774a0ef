"""Gates left out, with a reason: tests of what comes after the door are not about the door."""

from __future__ import annotations

from typing import get_args

from mrlc.schemas.gates import GateCode

REASON = "a test of the run itself, on a model of random weights"
WAIVED = f"gates.waive={{{', '.join(f'{code}: {REASON!r}' for code in get_args(GateCode))}}}"
"""For `--set`."""
