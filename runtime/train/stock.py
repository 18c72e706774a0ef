"""`engine: stock`: the same tasks, tools and reward in TRL's own tool loop.

It is the reference that our engine is compared with, and a way out if the seam breaks.
TRL wants an environment as a class with a method a tool; this module makes that class from
the spec's tools. What TRL's loop cannot do stays undone here: an episode does not end when
a tool says so, turns have no cause of stopping, and the context is prefilled again each turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from mrlc.runtime.answer import InvalidAnswer
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.metrics import ScoredEpisode, rollout_metrics, scored_episodes
from mrlc.runtime.record import RunFolder
from mrlc.runtime.rollout.trajectory import (
    Answer,
    StopCause,
    ToolCall,
    ToolResult,
    Trajectory,
    Turn,
)
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.setup import Setup
from mrlc.runtime.train.arguments import grpo_config, lora_config
from mrlc.runtime.train.loop import Loop
from mrlc.runtime.train.order import setup_order

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def stock_loop(setup: Setup, run: RunFolder, model: PreTrainedModel) -> Loop:
    """The trainer with its own episodes, over the spec's environment."""
    from datasets import Dataset
    from trl import GRPOTrainer

    turns = setup.experiment.turns
    rows = [
        {"prompt": setup.environment.messages(task), "place": place}
        for place, task in enumerate(setup.tasks["train"])
    ]
    reward = StockReward(setup, run)
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=grpo_config(
            setup,
            run,
            max_tool_calling_iterations=turns.limit - 1,
            generation_kwargs={"max_new_tokens": turns.max_tokens},
        ),
        train_dataset=Dataset.from_list(rows).select(setup_order(setup)),
        processing_class=setup.base.tokenizer,
        peft_config=lora_config(setup.experiment.model.lora),
        environment_factory=environment_class(setup),
    )
    # TRL would derive the schemas from the methods, in alphabetical order; the prompt must be ours.
    trainer._env_tools = {None: [dict(tool) for tool in setup.environment.tools]}
    return Loop(trainer, lambda: reward.metrics)


class StockEnvironment:
    """One pooled instance of TRL's; subclasses add a method a tool."""

    setup: Setup
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._episode: Any = None
        self._results: list[ToolResult] = []
        self._broken = ""

    def reset(self, place: int, **_: Any) -> None:
        """Begin the episode of the training task at this place, releasing the last one."""
        task = self.setup.tasks["train"][place]
        self._results, self._broken = [], ""
        self.loop.run_until_complete(self._stack.aclose())
        opened = self.setup.environment.open(task, seed=derive_seed(self.setup.seed, task.id))
        try:
            self._episode = self.loop.run_until_complete(self._stack.enter_async_context(opened))
        except EnvironmentBroken as broken:
            self._broken = str(broken)

    def _call(self, name: str, arguments: Mapping[str, Any]) -> str:
        if self._broken:  # the first cause counts, and nothing is asked of what is broken
            return "error"
        call = ToolCall(name, dict(arguments))
        try:
            result = self.loop.run_until_complete(self._episode.call(call))
        except EnvironmentBroken as broken:
            self._broken = str(broken)
            return "error"
        self._results.append(result)
        return str(result.text)

    def _final(self) -> Mapping[str, Any]:
        """What the probes read, before TRL lends the instance to the next episode."""
        try:
            return {} if self._broken else self.loop.run_until_complete(self._episode.final())
        except EnvironmentBroken as broken:
            self._broken = str(broken)
            return {}


def environment_class(setup: Setup) -> type[StockEnvironment]:
    """The spec's environment as TRL wants it."""
    names = [tool.name for tool in setup.experiment.environment.tools]
    methods: dict[str, Any] = {name: _method(name) for name in names}
    methods |= {"setup": setup, "loop": asyncio.new_event_loop()}
    return type("SpecEnvironment", (StockEnvironment,), methods)


def _method(name: str) -> Callable[..., str]:
    """A method that TRL finds by its name and calls with the model's arguments."""

    def method(self: StockEnvironment, **arguments: Any) -> str:
        return self._call(name, arguments)

    method.__name__ = method.__qualname__ = name
    return method


class StockReward:
    """TRL's reward function: reads each conversation as an episode and scores it."""

    __name__ = "reward"

    def __init__(self, setup: Setup, run: RunFolder) -> None:
        self._setup = setup
        self._run = run
        self.metrics: dict[str, float] = {}
        """Of the last step's episodes."""

    def __call__(
        self,
        *,
        completions: list[list[dict[str, Any]]],
        environments: list[StockEnvironment],
        place: list[int],
        trainer_state: Any,
        **_: Any,
    ) -> list[float | None]:
        """One reward an episode; None where its environment broke."""
        from accelerate import PartialState
        from accelerate.utils import gather_object

        group, process = self._setup.experiment.algorithm.group_size, PartialState()
        first = process.process_index * len(completions)
        trajectories = [
            self._trajectory(
                messages, environments[i], self._setup.tasks["train"][place[i]], (first + i) % group
            )
            for i, messages in enumerate(completions)
        ]
        episodes = scored_episodes(trajectories, self._setup.reward)
        everyone: list[ScoredEpisode] = gather_object(episodes)
        metrics = rollout_metrics(everyone, group_size=group)
        self.metrics = {k: v for k, v in metrics.items() if not k.startswith("rollout/tokens")}
        if process.is_main_process:
            self._run.append_episodes(everyone, phase="train", step=trainer_state.global_step + 1)
        return [episode.reward.total if episode.reward else None for episode in episodes]

    def _trajectory(
        self,
        messages: list[dict[str, Any]],
        environment: StockEnvironment,
        task: Any,
        member: int,
    ) -> Trajectory:
        """The conversation as a trajectory; TRL keeps no ids by turn, so turns hold none."""
        results = iter(environment._results)
        turns = []
        for message in messages:
            if message["role"] == "assistant":
                calls = tuple(_calls(message))
                said = tuple(r for r in (next(results, None) for _ in calls) if r is not None)
                turns.append(Turn(str(message["content"]), (), (), calls, said))
        final = environment._final()
        stop, answer = self._outcome(turns[-1], environment)
        detail = environment._broken  # of the parser too
        return Trajectory(task, member, (), tuple(turns), stop, answer, detail, final)

    def _outcome(
        self, last: Turn, environment: StockEnvironment
    ) -> tuple[StopCause, Answer | None]:
        if environment._broken:
            return StopCause.ENVIRONMENT_ERROR, None
        if last.calls:
            return StopCause.TURNS, None
        try:
            answer = self._setup.engine.answers.parse(last.text)
        except EnvironmentBroken as broken:
            environment._broken = str(broken)
            return StopCause.ENVIRONMENT_ERROR, None
        if isinstance(answer, InvalidAnswer):
            return StopCause.INVALID_ANSWER, None
        return (StopCause.ANSWERED, answer) if answer else (StopCause.NO_ACTION, None)


def _calls(message: Mapping[str, Any]) -> list[ToolCall]:
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    return [ToolCall(str(f["name"]), f.get("arguments")) for f in functions]
