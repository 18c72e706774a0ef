"""The engine: one coroutine an episode, from the prompt to the cause that ended it.

    prompt ─▶ turn ─▶ tool calls ─▶ results ─▶ turn ─▶ … ─▶ answer, or a budget

So many run at once as `rollout.concurrency` says, and a slot that is free takes the next. None waits
for another: who is served together is for the policy to say. An episode ends at the first of: an answer,
a tool that ends it, a turn without an action to which no user replies, a budget, a broken
environment. Whatever
ends it, its state is released, and its trajectory says the cause.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from mrlc.runtime.answer import AnswerParser, InvalidAnswer
from mrlc.runtime.environment import Environment, Episode
from mrlc.runtime.environment.preemption import Watch
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.rollout.format import Format
from mrlc.runtime.rollout.policies import policy as policies
from mrlc.runtime.rollout.trajectory import (
    Answer,
    StopCause,
    ToolCall,
    ToolResult,
    Trajectory,
    Turn,
)
from mrlc.runtime.task import Task
from mrlc.schemas.rollout import Rollout
from mrlc.schemas.turns import Turns


@dataclass(frozen=True)
class EpisodeRequest:
    """An episode to run."""

    task: Task
    member: int
    """Index within the task's group, from 0."""
    seed: int
    """Of the episode's own random streams."""
    presentation: int = 0
    """Seed of the tools that are shown and their order, one for a group; 0: the task's own."""


Again = Callable[[EpisodeRequest, Trajectory], EpisodeRequest | None]
"""Of an episode that ended: the one to run in its place, if any."""


@dataclass(frozen=True)
class _Stop:
    cause: StopCause
    answer: Answer | None = None
    detail: str = ""


@dataclass(frozen=True)
class _Step:
    """One turn and why it was the last, if it was."""

    turn: Turn
    stop: _Stop | None


@dataclass(frozen=True)
class Engine:
    """Runs episodes of one environment in one chat format under one set of budgets."""

    environment: Environment
    chat: Format
    answers: AnswerParser
    turns: Turns
    rollout: Rollout

    def run(
        self,
        policy: policies.Policy,
        requests: Sequence[EpisodeRequest],
        *,
        again: Again | None = None,
    ) -> list[Trajectory]:
        """Run the episodes; trajectories come in the order of the requests.

        `again` is asked of each episode that ended, and may give another to run in its place: the
        trajectory of the last one counts. A broken environment is data (an unscorable trajectory).
        An error of the policy or of ours cancels all episodes, releases them and is raised.
        """
        try:
            with Watch():
                return asyncio.run(self._run(policy, requests, again or _never))
        except ExceptionGroup as group:
            raise group.exceptions[0] from group

    async def _run(
        self, policy: policies.Policy, requests: Sequence[EpisodeRequest], again: Again
    ) -> list[Trajectory]:
        done: dict[int, Trajectory] = {}
        width = min(self.rollout.concurrency, len(requests))
        queue = iter(enumerate(requests))
        async with policy.session(width) as session, asyncio.TaskGroup() as group:
            # Those that begin together are open before the first asks to write.
            first = [(place, one, session.open(one.seed)) for place, one in islice(queue, width)]
            for begun in first:
                group.create_task(self._slot(session, policy.context, begun, queue, again, done))
        return [done[place] for place in range(len(requests))]

    async def _slot(
        self,
        session: policies.Session,
        context: int,
        begun: tuple[int, EpisodeRequest, policies.Sequence],
        queue: Iterator[tuple[int, EpisodeRequest]],
        again: Again,
        done: dict[int, Trajectory],
    ) -> None:
        """One episode after the other, the next at once when one ends."""
        place, request, sequence = begun
        while True:
            done[place] = await self._episode(request, sequence, context)
            other = again(request, done[place])
            if other is not None:
                request = other
            elif (following := next(queue, None)) is not None:
                place, request = following
            else:
                return
            sequence = session.open(request.seed)

    async def _episode(
        self, request: EpisodeRequest, sequence: policies.Sequence, context: int
    ) -> Trajectory:
        started = time.monotonic()
        turns: list[Turn] = []
        final: Mapping[str, Any] = {}
        shown = self.environment.shown(request.task, request.presentation)
        prompt = tuple(self.chat.prompt_ids(self.environment.messages(request.task), shown))
        try:
            async with AsyncExitStack() as stack:
                opened = self.environment.open(request.task, seed=request.seed, shown=shown)
                episode = await stack.enter_async_context(opened)
                stop = await self._turns(episode, sequence, prompt, turns, context, started)
                final = await episode.final()
        except EnvironmentBroken as broken:
            stop = _Stop(StopCause.ENVIRONMENT_ERROR, detail=str(broken))
        finally:
            sequence.close()
        return Trajectory(
            task=request.task,
            member=request.member,
            prompt_ids=prompt,
            turns=tuple(turns),
            stop=stop.cause,
            answer=stop.answer,
            detail=stop.detail,
            final=final,
            seconds=time.monotonic() - started,
        )

    async def _turns(
        self,
        episode: Episode,
        sequence: policies.Sequence,
        prompt: tuple[int, ...],
        turns: list[Turn],
        context: int,
        started: float,
    ) -> _Stop:
        feed, length = prompt, len(prompt)
        while True:
            room = context - length
            if room <= 0:
                return _Stop(StopCause.CONTEXT)
            written = await sequence.write(feed, max_tokens=min(self.turns.max_tokens, room))
            is_last = len(turns) + 1 >= self.turns.limit
            is_clipped = room < self.turns.max_tokens
            try:
                step = await self._act(episode, written, is_last=is_last, is_clipped=is_clipped)
            except EnvironmentBroken:
                turns.append(self._turn(written))  # what was written before it broke stays
                raise
            turns.append(step.turn)
            if step.stop is not None:
                return step.stop
            if time.monotonic() - started > self.turns.episode_timeout_s:
                return _Stop(StopCause.TIME)
            feed = step.turn.feedback_ids
            length += len(written.ids) + len(feed)

    async def _act(
        self, episode: Episode, written: policies.Written, *, is_last: bool, is_clipped: bool
    ) -> _Step:
        """Read a turn and do what it says."""
        turn = self._turn(written)
        if not written.has_ended:
            cause = StopCause.CONTEXT if is_clipped else StopCause.TURN_TOKENS
            return _Step(turn, _Stop(cause))
        if not turn.calls:
            stop = self._read_answer(turn.text)
            if stop.cause is StopCause.NO_ACTION and episode.has_user:
                return await self._hear(episode, turn, is_last=is_last)
            return _Step(turn, stop)
        if is_last:
            return _Step(turn, _Stop(StopCause.TURNS))
        results = await self._call(episode, turn.calls)
        feedback = self.chat.feedback_ids(turn.calls, [result.text for result in results])
        acted = Turn(turn.text, turn.ids, turn.logprobs, turn.calls, results, feedback)
        return _Step(acted, _Stop(StopCause.FINISHED) if episode.is_done else None)

    async def _hear(self, episode: Episode, turn: Turn, *, is_last: bool) -> _Step:
        """Let the user reply to a turn that neither acts nor answers."""
        if is_last:
            return _Step(turn, _Stop(StopCause.TURNS))
        reply = await episode.hear(turn.text)
        if reply is None:
            return _Step(turn, _Stop(StopCause.NO_ACTION))
        reply = self.chat.clip(reply, self.turns.tool_result_tokens)
        heard = replace(turn, user=reply, feedback_ids=self.chat.user_ids(reply))
        return _Step(heard, None)

    def _turn(self, written: policies.Written) -> Turn:
        parsed = self.chat.parse(written.ids)
        return Turn(parsed.text, written.ids, written.logprobs, parsed.calls)

    def _read_answer(self, text: str) -> _Stop:
        answer = self.answers.parse(text)
        if answer is None:
            return _Stop(StopCause.NO_ACTION)
        if isinstance(answer, InvalidAnswer):
            return _Stop(StopCause.INVALID_ANSWER, detail=answer.reason)
        return _Stop(StopCause.ANSWERED, answer=answer)

    async def _call(self, episode: Episode, calls: tuple[ToolCall, ...]) -> tuple[ToolResult, ...]:
        """Run the calls of one turn: together where there are several, results in their order."""
        if len(calls) == 1:
            results = [await episode.call(calls[0])]
        else:
            results = await _gather(episode, calls)
        return tuple(self._clip(result) for result in results)

    def _clip(self, result: ToolResult) -> ToolResult:
        text = self.chat.clip(result.text, self.turns.tool_result_tokens)
        if text == result.text:
            return result
        return replace(result, text=text)


async def _gather(episode: Episode, calls: tuple[ToolCall, ...]) -> list[ToolResult]:
    """All results, or the first failure, with no call left running."""
    tasks = [asyncio.ensure_future(episode.call(call)) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _never(request: EpisodeRequest, trajectory: Trajectory) -> None:
    """Every episode counts as it ended."""
