"""What happened in one episode: the one record that rewards, scorers and reports read.

A trajectory holds token ids exactly as they were fed and generated. `prompt_ids` is what
stood before the first turn; each turn holds the ids the model wrote and `feedback_ids`,
the tool results or the user's reply and the header of the next turn that were appended after them. Joined in
order these are the sequence that is trained on, and only `Turn.ids` carry loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mrlc.runtime.task import Task


class StopCause(StrEnum):
    """Why an episode ended; each episode has exactly one."""

    ANSWERED = "answered"
    INVALID_ANSWER = "invalid_answer"
    """An answer was given, but not of the declared form."""
    FINISHED = "finished"
    """A tool with `ends_episode` was called."""
    NO_ACTION = "no_action"
    """A turn held neither a well-formed tool call nor an answer, and no user replied."""
    TURNS = "turns"
    """The turn limit was reached before an answer."""
    TURN_TOKENS = "turn_tokens"
    """A turn ran into `turns.max_tokens` before it ended."""
    CONTEXT = "context"
    """The model's context was full."""
    TIME = "time"
    """The episode's seconds ran out."""
    ENVIRONMENT_ERROR = "environment_error"
    """The environment broke; the episode is unscorable."""

    @property
    def is_completion(self) -> bool:
        """Whether the agent itself brought the episode to its end: by an answer, or a closing tool."""
        return self in (StopCause.ANSWERED, StopCause.FINISHED)


@dataclass(frozen=True)
class ToolCall:
    """A call as the model wrote it; `arguments` is None where they were not a JSON object."""

    name: str
    arguments: dict[str, Any] | None


@dataclass(frozen=True)
class ToolResult:
    """What the model is shown of a call."""

    text: str
    is_error: bool = False
    """Whether the tool itself refused: unknown name, invalid arguments, its own failure."""
    is_unknown_tool: bool = False
    """Whether no tool has the name called: such names are the model's and label no metric."""
    is_distractor: bool = False
    """Whether the tool is one that no task needs."""
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Turn:
    """One message of the model, and what the environment said to it."""

    text: str
    ids: tuple[int, ...]
    """Token ids as generated, the end-of-turn token included where it was reached."""
    logprobs: tuple[float, ...]
    """Natural log-probability of each id under the sampling distribution; same length as `ids`."""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    """One for each call, in order; empty in an episode's last turn."""
    feedback_ids: tuple[int, ...] = ()
    user: str | None = None
    """What the simulated user replied to it; None where it acted, answered, or nobody replied."""


@dataclass(frozen=True)
class Answer:
    """A valid final answer: text, or the JSON value of a typed answer."""

    value: Any


@dataclass(frozen=True)
class Trajectory:
    """A finished episode, before it is scored."""

    task: Task
    member: int
    """Index within the task's group, from 0."""
    prompt_ids: tuple[int, ...]
    turns: tuple[Turn, ...]
    stop: StopCause
    answer: Answer | None = None
    detail: str = ""
    """One line on the cause: the tool that broke, the reason an answer was invalid."""
    final: Mapping[str, Any] = field(default_factory=dict)
    """What the probes of `environment.final` read after the last turn, by name: JSON values."""
    seconds: float = field(default=0.0, compare=False)

    @property
    def is_scorable(self) -> bool:
        """False where the environment broke: no reward, no score, no weight in training."""
        return self.stop is not StopCause.ENVIRONMENT_ERROR

    @property
    def completion_ids(self) -> list[int]:
        """All ids after the prompt, the model's and the environment's, in order."""
        return [i for turn in self.turns for ids in (turn.ids, turn.feedback_ids) for i in ids]

    @property
    def loss_mask(self) -> list[int]:
        """1 for each id the model wrote, 0 for the environment's; as long as `completion_ids`."""
        return [
            bit for turn in self.turns for bit in [1] * len(turn.ids) + [0] * len(turn.feedback_ids)
        ]

    @property
    def logprobs(self) -> list[float]:
        """Log-probabilities at the model's ids and 0 at the environment's."""
        return [
            value
            for turn in self.turns
            for value in list(turn.logprobs) + [0.0] * len(turn.feedback_ids)
        ]
