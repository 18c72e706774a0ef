"""`endpoint`: a model plays the user, told by a persona whom it plays.

It sees the dialogue with the parts exchanged: what the agent said is its user's message. What it
said once to a dialogue it says again in that run, from the cache. The agent's text is read by a
model, so a policy in training may learn to talk it into anything that the persona does not rule
out; pay for what tools and answers show, not for what this user says.
"""

from __future__ import annotations

from typing import Any

from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.environment.prompts import TaskTemplate
from mrlc.runtime.environment.users.user import PATH, Dialogue
from mrlc.runtime.errors import EnvironmentBroken, NoReply
from mrlc.schemas.user import User

PART = (
    "You play the user of an assistant in a conversation, as described above. Reply with the "
    "user's next message alone: no quotes, no name before it, nothing about the part you play."
)


class ModelUser:
    """A persona, played by a model."""

    def __init__(self, user: User, endpoints: Endpoints, *, max_tokens: int) -> None:
        """`max_tokens` bounds a reply, unless the endpoint has a limit of its own."""
        assert user.endpoint is not None
        assert user.persona is not None
        self._persona = TaskTemplate(user.persona, f"{PATH}.persona")
        self._until = user.until
        self._max_tokens = max_tokens
        self._client = endpoints.client(user.endpoint, f"{PATH}.endpoint")

    async def reply(self, dialogue: Dialogue) -> str | None:
        """What the model says, or None where that ends the conversation."""
        try:
            said = await self._client.chat(
                self._messages(dialogue), max_tokens=self._max_tokens, sample=dialogue.seed
            )
        except NoReply as failure:
            raise EnvironmentBroken("user", str(failure)) from None
        is_end = self._until is not None and self._until in said.text
        return None if is_end else said.text

    def _messages(self, dialogue: Dialogue) -> list[dict[str, Any]]:
        end = f" When the user has no more to say, reply {self._until}" if self._until else ""
        persona = f"{self._persona.render(dialogue.task)}\n\n{PART}{end}"
        roles = ("assistant", "user")
        return [
            {"role": "system", "content": persona},
            *(
                {"role": roles[place % 2], "content": text}
                for place, text in enumerate(dialogue.said)
            ),
        ]
