"""Batches of episodes: hostile ones, and bystanders who work soundly among them.

Each episode first leaves a mark of its own in its database and in its folder. No other episode
may ever be shown it, and a bystander must see just what it sees when it is alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.policies.scripted import ScriptedPolicy
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.setup import Setup
from tests.hostile.turns import ANSWER, TAG, TAG_END, Turn, turn, written

GROUP = 4
"""Episodes of one task, the last of which is a bystander."""
_MARK = re.compile(r"mark-\d+-\d+")


@dataclass(frozen=True)
class Played:
    """An episode to play: the request, its turns, and what they are called."""

    request: EpisodeRequest
    turns: tuple[Turn, ...]
    kinds: tuple[str, ...]
    mark: str
    is_bystander: bool


def batch(setup: Setup, seed: int, *, groups: int, canary: str) -> list[Played]:
    """Some groups of episodes; `seed` alone decides what they do."""
    found = []
    for index in range(groups * GROUP):
        task = setup.tasks["train"][index // GROUP % len(setup.tasks["train"])]
        random, mark = Random(f"{seed} {index}"), f"mark-{seed}-{index}"
        # A presentation of its own for each group, so that distractors are now shown, now hidden.
        presentation = seed * 1000 + index // GROUP
        request = EpisodeRequest(task, index % GROUP, index, presentation)
        is_bystander = index % GROUP == GROUP - 1
        shown = setup.environment.shown(task, presentation)
        hostile = [turn(random, _weighted(shown), canary) for _ in range(random.choice([2, 4, 6]))]
        kinds, turns = zip(*hostile, strict=True)
        script = _sound(mark) if is_bystander else (_leave(mark), *turns, _answer())
        found.append(Played(request, script, () if is_bystander else kinds, mark, is_bystander))
    return found


def play(setup: Setup, episodes: Sequence[Played]) -> list[Trajectory]:
    """Play them together, in one wave of the real engine."""
    end = setup.chat.end_id
    scripts = [
        [[*setup.chat.encode(t), end] if isinstance(t, str) else t for t in one.turns]
        for one in episodes
    ]
    policy = ScriptedPolicy(scripts, end_id=end, context=1 << 26)
    return setup.engine.run(policy, [one.request for one in episodes])


def shown_texts(trajectory: Trajectory) -> Iterator[str]:
    """All that the environment said in an episode, and what its probes read."""
    for one in trajectory.turns:
        yield from (result.text for result in one.results)
        yield one.user or ""
    yield trajectory.detail
    yield json.dumps(dict(trajectory.final), ensure_ascii=False)


def foreign_marks(trajectory: Trajectory, mark: str) -> set[str]:
    """Marks of other episodes that an episode was shown."""
    return {found for text in shown_texts(trajectory) for found in _MARK.findall(text)} - {mark}


def _weighted(shown: Sequence[str]) -> list[str]:
    """The tools that an episode is shown, and one that it is not."""
    hidden = [name for name in ("weather", "convert", "colour") if name not in shown]
    return [*shown, *hidden[:1]]


def _leave(mark: str) -> str:
    return written("note", {"text": mark}) + written(
        "write_file", {"path": "canary.txt", "content": mark}
    )


def _answer() -> str:
    return f"{TAG}{json.dumps(ANSWER)}{TAG_END}"


def _sound(mark: str) -> tuple[str, ...]:
    """The turns of a bystander: it looks at its state again and again."""
    look = (
        written("query", {"code": "SELECT * FROM notes, stock"})
        + written("read_file", {"path": "canary.txt"})
        + written("list_files", {})
        + written("draw", {"among": ["a", "b", "c"]})
        + written("form", {"text": mark, "whole": 1})
        + written("python", {"code": "print(sum(range(9)))"})
    )
    return (_leave(mark), look, "Is that all?", look, look, _answer())
