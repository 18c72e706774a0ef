"""`python`: a function of the user's own, from the task's row and the messages to the next one.

    def reply(task, messages):
        return "In red, please." if "colour" in messages[-1]["content"] else None

It is called in another process (`pool`) and bounded by `turns.tool_timeout_s`. None ends the
conversation; what it raises breaks the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mrlc.runtime.code import blame, load_callable
from mrlc.runtime.environment.pool import RemoteFunction
from mrlc.runtime.environment.timeout import TimedOut, in_thread, within
from mrlc.runtime.environment.users.user import PATH, Dialogue
from mrlc.runtime.environment.worker import Failed, WorkerDied
from mrlc.runtime.errors import EnvironmentBroken


class PythonUser:
    """The way out."""

    def __init__(
        self, reference: str, inputs: Path, *, timeout_s: float, has_workers: bool = True
    ) -> None:
        self._function = load_callable(reference, inputs, path=f"{PATH}.python")
        self._remote = RemoteFunction(reference, inputs) if has_workers else None
        self._timeout_s = timeout_s

    async def reply(self, dialogue: Dialogue) -> str | None:
        """What the function returns."""
        roles = ("user", "assistant")
        messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(dialogue.said)]
        try:
            said: Any = await self._called(dialogue.task.row, messages)
        except TimedOut:
            cause = f"took longer than {self._timeout_s:g} s"
            raise EnvironmentBroken("user", cause) from None
        except (Failed, WorkerDied) as error:
            raise EnvironmentBroken("user", str(error)) from None
        except (Exception, SystemExit) as error:  # it runs whatever its author wrote
            raise EnvironmentBroken("user", blame(error)) from error
        if said is not None and not isinstance(said, str):
            raise EnvironmentBroken("user", f"returned {type(said).__name__}, not a text or None")
        return said

    async def _called(self, row: Mapping[str, Any], messages: list[dict[str, str]]) -> Any:
        if self._remote is not None:
            return await self._remote(row, messages, timeout_s=self._timeout_s)
        call = in_thread(lambda: self._function(row, messages))
        return await within(self._timeout_s, call)
