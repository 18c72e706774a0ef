"""`script`: the same replies to everybody, in order, rendered for the task."""

from __future__ import annotations

from collections.abc import Sequence

from mrlc.runtime.environment.prompts import TaskTemplate
from mrlc.runtime.environment.users.user import PATH, Dialogue


class ScriptedUser:
    """Says its lines, whatever the agent said."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = [
            TaskTemplate(line, f"{PATH}.script.{index}") for index, line in enumerate(lines)
        ]

    async def reply(self, dialogue: Dialogue) -> str | None:
        """The next line, or None after the last."""
        place = dialogue.replies
        return self._lines[place].render(dialogue.task) if place < len(self._lines) else None
