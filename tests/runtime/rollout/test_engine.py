"""Episodes by script: every cause of ending, nothing of the environment in the loss, no leaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.answer import AnswerParser
from mrlc.runtime.demonstrations import Demonstration, encode_demonstration
from mrlc.runtime.environment import Environment
from mrlc.runtime.metrics import ScoredEpisode
from mrlc.runtime.model.chat import ChatFormat, tool_call_message
from mrlc.runtime.record import describe
from mrlc.runtime.reward import Reward
from mrlc.runtime.rollout.engine import Engine, EpisodeRequest
from mrlc.runtime.rollout.policies.scripted import ScriptedPolicy
from mrlc.runtime.rollout.trajectory import StopCause, ToolCall, Trajectory
from mrlc.runtime.scorers import load_scorer
from mrlc.runtime.task import Task
from mrlc.runtime.tasks import load_tasks
from mrlc.schemas import Experiment
from tests.conftest import Project

FIND = ToolCall("find_bike", {"bike": "1"})
RIGHT = '<final_output>{"job": "J1", "days": 3}</final_output>'
BREAKING = """\
import time
def crash(bike: str): raise RuntimeError("no server")
def hang(bike: str): time.sleep(0.4)
async def block(bike: str): time.sleep(50)
def loop(bike: str, episode):
    while True: pass
"""


class Desk:
    """The test project's environment, compiled and loaded."""

    def __init__(self, project: Project, tokenizer: Any) -> None:
        folder = write_plan(compile_spec(project.spec), project.root / "build")
        plan = json.loads((folder / "plan.json").read_text())
        self.experiment = Experiment.model_validate_json(json.dumps(plan["experiment"]))
        self.inputs: Path = folder / "inputs"
        environment = Environment.load(self.experiment, self.inputs)
        self.chat = ChatFormat(tokenizer, environment.tools)
        answers = AnswerParser(self.experiment.environment.answer, self.inputs)
        spec = self.experiment
        self.engine = Engine(environment, self.chat, answers, spec.turns, spec.rollout)
        self.tasks = load_tasks(self.experiment, self.inputs, "train")

    def turn(self, said: str | ToolCall) -> list[int]:
        if isinstance(said, ToolCall):
            return self.chat.message_ids(tool_call_message(said))
        return [*self.chat.encode(said), self.chat.end_id]

    def play(self, *said: str | ToolCall, context: int = 1 << 20) -> Trajectory:
        script = [self.turn(one) for one in said]
        policy = ScriptedPolicy([script], end_id=self.chat.end_id, context=context)
        (trajectory,) = self.engine.run(policy, [EpisodeRequest(self.tasks[0], 0, 7)])
        return trajectory


@pytest.fixture
def desk(project: Project, tokenizer: Any) -> Desk:
    return Desk(project, tokenizer)


def test_an_answer_ends_the_episode_and_is_scored_apart(desk: Desk) -> None:
    trajectory = desk.play(FIND, RIGHT)
    assert trajectory.stop is StopCause.ANSWERED
    assert [result.text for result in trajectory.turns[0].results] == ['{"job": "J1", "days": 3}']
    reward = Reward.load(desk.experiment.reward, desk.inputs).score(trajectory)
    assert reward is not None
    assert reward.components == {"fields": 1.0, "polite": 1.0}
    assert load_scorer(desk.experiment.evaluation, desk.inputs).score(trajectory) == 1.0


WRONG_TYPE = '<final_output>{"job": "J1", "days": "3"}</final_output>'
CAUSES = {
    "no action": (["hello"], StopCause.NO_ACTION),
    "malformed call": (["<tool_call>{broken</tool_call>"], StopCause.NO_ACTION),
    "answer of the wrong type": ([WRONG_TYPE], StopCause.INVALID_ANSWER),
    "turn limit": ([FIND, FIND, FIND], StopCause.TURNS),
    "unknown tool": ([ToolCall("fly", {}), RIGHT], StopCause.ANSWERED),
    "bad arguments": ([ToolCall("find_bike", {"bike": 1}), RIGHT], StopCause.ANSWERED),
    "turn tokens": (["4 " * 300], StopCause.TURN_TOKENS),
}


@pytest.mark.parametrize("case", CAUSES)
def test_the_cause_is_recorded(desk: Desk, case: str) -> None:
    said, cause = CAUSES[case]
    assert desk.play(*said).stop is cause


def test_a_full_context_ends_the_episode(desk: Desk) -> None:
    prompt = len(desk.play(RIGHT).prompt_ids)
    assert desk.play(RIGHT, context=prompt + 3).stop is StopCause.CONTEXT
    assert desk.play(RIGHT, context=prompt).stop is StopCause.CONTEXT


def test_the_ids_are_those_of_the_rendered_conversation(desk: Desk) -> None:
    trajectory = desk.play(FIND, RIGHT)
    messages = [
        *desk.engine.environment.messages(trajectory.task),
        tool_call_message(FIND),
        {"role": "tool", "name": "find_bike", "content": trajectory.turns[0].results[0].text},
        {"role": "assistant", "content": RIGHT},
    ]
    whole = desk.chat.encode(desk.chat.render(messages))
    assert [*trajectory.prompt_ids, *trajectory.completion_ids] == whole


said = st.lists(
    st.sampled_from([FIND, ToolCall("book", {"day": 3}), ToolCall("fly", {})])
    | st.text(st.characters(codec="utf-8"), max_size=20),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(said=said)
def test_no_token_of_a_prompt_or_a_result_is_trained_on(
    desk: Desk, said: list[str | ToolCall]
) -> None:
    trajectory = desk.play(*said)
    ids, mask = trajectory.completion_ids, trajectory.loss_mask
    assert len(ids) == len(mask) == len(trajectory.logprobs)
    trained = [i for i, bit in zip(ids, mask, strict=True) if bit]
    written = [i for one in said for i in desk.turn(one)] + [desk.chat.end_id]
    assert trained == written[: len(trained)]
    fed = [i for i, bit in zip(ids, mask, strict=True) if not bit]
    assert fed == [i for turn in trajectory.turns for i in turn.feedback_ids]


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        ("crash", "RuntimeError"),
        ("hang", "took longer than 0.1 s"),
        ("block", "blocked every episode for 0.1 s without an await at tools.py:4"),
        ("loop", "took longer than 0.1 s"),
    ],
)
def test_a_broken_environment_is_unscorable_never_zero(
    project: Project, tokenizer: Any, function: str, cause: str
) -> None:
    project.write("specs/tools.py", BREAKING)
    replay = """replay:
        table: bikes.csv
        match: {bike: number}
        returns: [job, days]
        types: {days: integer}"""
    project.edit("specs/desk.yaml", replay, f"python: tools.py:{function}")
    project.edit("specs/desk.yaml", "turns: {human: 2}", "turns: {human: 2, tool_timeout_s: 0.1}")
    desk = Desk(project, tokenizer)
    trajectory = desk.play(FIND, RIGHT)
    assert trajectory.stop is StopCause.ENVIRONMENT_ERROR
    assert cause in trajectory.detail
    assert len(trajectory.turns) == 1
    assert Reward.load(desk.experiment.reward, desk.inputs).score(trajectory) is None
    assert load_scorer(desk.experiment.evaluation, desk.inputs).score(trajectory) is None


def test_a_tool_can_end_the_episode(project: Project, tokenizer: Any) -> None:
    project.edit(
        "specs/desk.yaml", "    - name: book\n", "    - name: book\n      ends_episode: true\n"
    )
    trajectory = Desk(project, tokenizer).play(ToolCall("book", {"day": 3}), RIGHT)
    assert trajectory.stop is StopCause.FINISHED
    assert len(trajectory.turns) == 1


def test_the_final_state_is_read_whatever_ended_the_episode(
    project: Project, tokenizer: Any
) -> None:
    final = '  final:\n    days: {state: shop, read: "SELECT day FROM visits ORDER BY day"}\n'
    project.edit("specs/desk.yaml", "  answer:\n", f"{final}  answer:\n")
    desk = Desk(project, tokenizer)
    book = ToolCall("book", {"day": 5})
    booked = {"days": [{"day": 1}, {"day": 5}]}
    for said in ([book, RIGHT], [book, "hello"], [book, FIND, FIND]):
        trajectory = desk.play(*said)
        assert trajectory.final == booked
        assert describe(ScoredEpisode(trajectory, None))["final"] == booked
    assert desk.play(RIGHT).final == {"days": [{"day": 1}]}


def test_a_final_state_that_cannot_be_read_is_unscorable(project: Project, tokenizer: Any) -> None:
    final = '  final:\n    days: {state: shop, read: "SELECT day FROM visits"}\n'
    close = "    - {name: close, python: 'close.py:close'}\n"
    project.write("specs/close.py", "def close(episode): episode.state['shop'].close()\n")
    project.edit("specs/desk.yaml", "  answer:\n", f"{close}{final}  answer:\n")
    trajectory = Desk(project, tokenizer).play(ToolCall("close", {}), RIGHT)
    assert not trajectory.is_scorable
    assert (trajectory.detail, trajectory.final) == ("final.days: ProgrammingError", {})
    assert len(trajectory.turns) == 2


def test_a_long_result_is_cut(project: Project, tokenizer: Any) -> None:
    project.edit("specs/desk.yaml", "turns: {human: 2}", "turns: {human: 2, tool_result_tokens: 4}")
    desk = Desk(project, tokenizer)
    text = desk.play(FIND, RIGHT).turns[0].results[0].text
    assert len(desk.chat.encode(text)) <= 4
    assert '{"job": "J1", "days": 3}'.startswith(text)


def test_a_failing_policy_releases_every_episode(desk: Desk) -> None:
    class Failing:
        context = 1000
        closed = 0

        def open(self, seed: int) -> Any:
            return self

        @asynccontextmanager
        async def session(self, width: int) -> AsyncIterator[Any]:
            yield self

        async def write(self, ids: Any, *, max_tokens: int) -> Any:
            await asyncio.sleep(0)
            raise LookupError("weights gone")

        def close(self) -> None:
            self.closed += 1

    policy = Failing()
    requests = [EpisodeRequest(task, 0, 1) for task in desk.tasks]
    with pytest.raises(LookupError, match="weights gone"):
        desk.engine.run(policy, requests)
    assert policy.closed == len(requests)


def test_an_episode_may_be_run_again_in_its_place(desk: Desk) -> None:
    policy = ScriptedPolicy([[desk.turn(RIGHT)]], end_id=desk.chat.end_id)
    asked: list[int] = []

    def again(request: EpisodeRequest, trajectory: Trajectory) -> EpisodeRequest | None:
        asked.append(request.seed)
        is_first = request.seed < 10 and request.member == 1
        return replace(request, seed=request.seed + 10) if is_first else None

    requests = [EpisodeRequest(desk.tasks[0], member, member) for member in range(3)]
    trajectories = desk.engine.run(policy, requests, again=again)
    assert sorted(asked) == [0, 1, 2, 11]
    assert [trajectory.member for trajectory in trajectories] == [0, 1, 2]


def test_trajectories_come_in_the_order_of_requests(desk: Desk) -> None:
    tasks: list[Task] = [desk.tasks[i % 2] for i in range(600)]  # more than run at once
    policy = ScriptedPolicy([[desk.turn(RIGHT)]], end_id=desk.chat.end_id)
    trajectories = desk.engine.run(policy, [EpisodeRequest(t, i, i) for i, t in enumerate(tasks)])
    assert [t.member for t in trajectories] == list(range(600))


PRESENTED = """\
  distractors:
    tools:
      - {name: list_tyres, reply: [winter, summer]}
      - {name: open_hours, reply: 9 to 5}
    per_episode: 1
  shuffle_tools: true
  answer:
"""


def test_a_group_is_shown_one_prompt_and_each_presentation_another(
    project: Project, tokenizer: Any
) -> None:
    project.edit("specs/desk.yaml", "  answer:\n", PRESENTED)
    desk = Desk(project, tokenizer)
    script = [desk.turn(ToolCall("list_tyres", {})), desk.turn(RIGHT)]
    policy = ScriptedPolicy([script], end_id=desk.chat.end_id)
    requests = [
        EpisodeRequest(desk.tasks[0], member, 10 * step + member, presentation=step)
        for step in range(12)
        for member in range(2)
    ]
    trajectories = desk.engine.run(policy, requests)
    prompts = [trajectory.prompt_ids for trajectory in trajectories]
    assert prompts[::2] == prompts[1::2]
    assert len(set(prompts)) > 4
    for request, trajectory in zip(requests, trajectories, strict=True):
        shown = desk.engine.environment.shown(request.task, request.presentation)
        text = desk.chat.tokenizer.decode(trajectory.prompt_ids)
        assert all(name in text for name in shown)
        (result,) = trajectory.turns[0].results
        assert result.is_distractor == ("list_tyres" in shown) != result.is_unknown_tool


def test_a_demonstration_has_the_prompt_of_its_task_s_episodes(
    project: Project, tokenizer: Any
) -> None:
    project.edit("specs/desk.yaml", "  answer:\n", PRESENTED)
    desk = Desk(project, tokenizer)
    environment = desk.engine.environment
    assert len({environment.shown(task) for task in desk.tasks}) == 2
    for task in desk.tasks:
        policy = ScriptedPolicy([[desk.turn(RIGHT)]], end_id=desk.chat.end_id)
        (trajectory,) = desk.engine.run(policy, [EpisodeRequest(task, 0, 7)])
        demonstration = Demonstration(task, ({"role": "assistant", "content": RIGHT},))
        ids = encode_demonstration(demonstration, environment, desk.chat).input_ids
        assert ids == [*trajectory.prompt_ids, *trajectory.completion_ids]
