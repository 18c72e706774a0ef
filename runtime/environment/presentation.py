"""What an episode is shown of the tools: which distractors, and in which order.

It is drawn for a task, not for an episode, so that all members of a group act on one prompt
and differ in what they do alone. Presentation 0 is the task's own: the same in every run, so
that evaluations compare, and the one that demonstrations teach. Training draws another at
each step, or the policy would learn the places of the tools by heart.
"""

from __future__ import annotations

from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.task import Task
from mrlc.schemas.environment import Environment


class Presentation:
    """Draws the names of the tools that episodes are shown."""

    def __init__(self, spec: Environment) -> None:
        self._tools = tuple(tool.name for tool in spec.tools)
        self._is_shuffled = spec.shuffle_tools
        self._count = 0
        self.distractors: tuple[str, ...] = ()
        """The names of the stock that is drawn from."""
        if spec.distractors is not None:
            self._count = spec.distractors.per_episode
            self.distractors = tuple(tool.name for tool in spec.distractors.tools)

    def names(self, task: Task, presentation: int) -> tuple[str, ...]:
        """The tools in the order shown; in declared order, distractors last, unless shuffled."""
        if not (self._is_shuffled or self.distractors):
            return self._tools

        def lot(name: str) -> int:
            return derive_seed("presentation", presentation, task.split, task.id, name)

        drawn = set(sorted(self.distractors, key=lot)[: self._count])
        names = [*self._tools, *(name for name in self.distractors if name in drawn)]
        # Not by the same lots, which would put the distractors that were drawn first.
        return tuple(sorted(names, key=lambda n: lot(f"{n} order")) if self._is_shuffled else names)
