"""What the kinds of simulated user have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mrlc.runtime.task import Task

PATH = "environment.user"


@dataclass(frozen=True)
class Dialogue:
    """What user and agent have said to each other; tool calls and their results are not in it."""

    task: Task
    seed: int
    """Of the episode."""
    said: list[str]
    """The user's and the agent's by turns, from the prompt on: even places are the user's."""

    @property
    def replies(self) -> int:
        """How often the user has replied, the prompt not counted."""
        return (len(self.said) - 1) // 2


class SimulatedUser(Protocol):
    """Somebody who replies."""

    async def reply(self, dialogue: Dialogue) -> str | None:
        """What the user says next, or None where there is no more to say.

        Raises:
            EnvironmentBroken: the user's model or code failed.
        """
        ...


@dataclass(frozen=True)
class Talk:
    """The dialogue of one episode, and who takes the user's part in it."""

    user: SimulatedUser
    dialogue: Dialogue

    async def hear(self, text: str) -> str | None:
        """Tell the user what the agent said; a reply without any text is none."""
        self.dialogue.said.append(text)
        reply = await self.user.reply(self.dialogue)
        if reply is None or not reply.strip():
            return None
        self.dialogue.said.append(reply)
        return reply
