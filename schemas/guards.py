"""What must hold before a tool answers."""

from __future__ import annotations

from mrlc.schemas.formula import Formula
from mrlc.schemas.section import Json, Section


class Guard(Section):
    """A condition on a call: unless it holds, `reply` is the result and the tool does nothing."""

    unless: Formula
    """What must hold, as in `called('find_bike')` or `amount <= task.limit`; no value: it does not."""
    reply: Json
    """The result of a call that is refused."""
    is_error: bool = True
    """Whether that counts as the tool's error; false for an answer such as `{eligible: false}`."""
