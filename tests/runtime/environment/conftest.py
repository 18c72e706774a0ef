"""Environments from a few lines of spec, and calls of their tools."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from mrlc.runtime.environment import Environment
from mrlc.runtime.rollout.trajectory import ToolCall, ToolResult
from mrlc.runtime.task import Task
from mrlc.schemas import Experiment

TASK = Task("t1", "train", {"question": "Where is parcel 7?", "items": ["pen"]})


def experiment(environment: dict[str, Any], *, timeout_s: float = 5.0) -> Experiment:
    """A valid experiment with this environment."""
    spec = {
        "mrlc": "v1",
        "name": "desk",
        "model": {"base": "tiny"},
        "data": {"train": "train.jsonl", "validation": "v.jsonl", "test": "test.jsonl"},
        "environment": {"prompt": "{{ task.question }}", **environment},
        "turns": {"human": 2, "tool_timeout_s": timeout_s},
        "reward": {"components": [{"kind": "answered", "name": "answered"}]},
        "evaluation": {"scorer": {"kind": "exact_fields", "against": "task.expected"}},
        "algorithm": {"kind": "grpo"},
    }
    return Experiment.model_validate_json(json.dumps(spec))


class World:
    """An environment, called one episode a call unless the test opens its own."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def final(self, *calls: tuple[str, Any], task: Task = TASK, seed: int = 1) -> dict[str, Any]:
        """What the probes read after some calls in one episode."""

        async def run() -> dict[str, Any]:
            async with self.environment.open(task, seed=seed) as episode:
                for call in calls:
                    await episode.call(ToolCall(*call))
                return dict(await episode.final())

        return asyncio.run(run())

    def call(self, name: str, arguments: Any) -> ToolResult:
        """The result of one call in a fresh episode."""
        return self.calls((name, arguments))[0]

    def calls(self, *calls: tuple[str, Any], seed: int = 1) -> list[ToolResult]:
        """The results of some calls in one episode."""

        async def run() -> list[ToolResult]:
            async with self.environment.open(TASK, seed=seed) as episode:
                return [await episode.call(ToolCall(*call)) for call in calls]

        return asyncio.run(run())


Build = Callable[..., World]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`build(tools, files, timeout_s=…, **environment)` writes the files and loads it all."""
    number = itertools.count()

    def make(
        tools: list[dict[str, Any]],
        files: dict[str, str] | None = None,
        *,
        timeout_s: float = 5.0,
        **environment: Any,
    ) -> World:
        inputs: Path = tmp_path_factory.mktemp(f"inputs{next(number)}")
        for name, text in (files or {}).items():
            (inputs / name).parent.mkdir(parents=True, exist_ok=True)
            (inputs / name).write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        declared = experiment({"tools": tools, **environment}, timeout_s=timeout_s)
        return World(Environment.load(declared, inputs))

    return make
