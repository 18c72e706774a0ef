"""A reference goes through the policy's own environment, tools, budgets and scorer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.errors import PlanFault, RemoteFailed
from mrlc.runtime.reference import evaluate_reference, reference_policy
from mrlc.runtime.rollout.engine import EpisodeRequest
from mrlc.runtime.rollout.trajectory import StopCause, ToolCall, Trajectory
from mrlc.runtime.setup import Setup, load_plan, prepare
from tests.conftest import Project
from tests.runtime.server import Reply, Server, says, serving

ANSWER = '<final_output>{"job": "J1", "days": 3}</final_output>'


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(says("hm")) as server:
        yield server


@pytest.fixture
def setup(project: Project, server: Server) -> Setup:
    reference = f'  reference: {{url: "{server.url}", model: big-1, retries: 0}}\n'
    project.edit("specs/desk.yaml", "evaluation:\n", f"evaluation:\n{reference}")
    user = '  user: {script: ["Which bike?"]}\n  answer:\n'
    project.edit("specs/desk.yaml", "  answer:\n", user)
    folder = write_plan(compile_spec(project.spec), project.root / "build")
    return prepare(load_plan(folder), folder, seed=1)


def play(setup: Setup, server: Server, *replies: Reply) -> Trajectory:
    waiting = iter(replies)
    server.answer = lambda _: next(waiting)
    declared = setup.experiment.evaluation.reference
    assert declared is not None
    reference = reference_policy(setup, declared)
    (trajectory,) = reference.engine.run(
        reference.policy_at(0.0), [EpisodeRequest(setup.tasks["train"][0], 0, 7)]
    )
    return trajectory


def test_an_episode_with_tools_and_a_user(setup: Setup, server: Server) -> None:
    trajectory = play(
        setup, server, says("", ("find_bike", {"bike": "1"})), says("Hello?"), says(ANSWER)
    )
    assert trajectory.stop is StopCause.ANSWERED
    assert trajectory.turns[0].calls == (ToolCall("find_bike", {"bike": "1"}),)
    assert trajectory.turns[0].results[0].text == '{"job": "J1", "days": 3}'
    assert trajectory.turns[1].user == "Which bike?"
    assert setup.scorer.score(trajectory) == 1.0
    asked = server.asked[-1]
    assert asked["tools"] == [dict(tool) for tool in setup.environment.tools]
    assert asked["max_tokens"] == setup.experiment.turns.max_tokens
    call = {"name": "find_bike", "arguments": '{"bike": "1"}'}
    assert asked["messages"] == [
        *setup.environment.messages(trajectory.task),
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call-0", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "call-0", "content": '{"job": "J1", "days": 3}'},
        {"role": "assistant", "content": "Hello?"},
        {"role": "user", "content": "Which bike?"},
    ]


TWO = says("", ("find_bike", {"bike": "1"}), ("book", {"day": 2}))
CAUSES: dict[str, tuple[list[Reply], StopCause]] = {
    "wrong arguments": ([says("", ("find_bike", "[1")), says(ANSWER)], StopCause.ANSWERED),
    "no arguments": ([says("", ("find_bike", "")), says(ANSWER)], StopCause.ANSWERED),
    "unknown tool": ([says("", ("fly", {})), says(ANSWER)], StopCause.ANSWERED),
    "two calls": ([TWO, says(ANSWER)], StopCause.ANSWERED),
    "cut": ([says("<final", finish="length")], StopCause.TURN_TOKENS),
    "turns": ([TWO, TWO, TWO], StopCause.TURNS),
    "no answer": ([says("Hello?"), says("Hello?")], StopCause.NO_ACTION),
}


@pytest.mark.parametrize("case", CAUSES)
def test_causes_are_those_of_any_policy(setup: Setup, server: Server, case: str) -> None:
    replies, stop = CAUSES[case]
    assert play(setup, server, *replies).stop is stop


def test_the_evaluation_of_a_reference(setup: Setup, server: Server, tmp_path: Any) -> None:
    setup.endpoints.keep_in(tmp_path)
    server.answer = lambda body: says(ANSWER)
    for _ in range(2):
        found = evaluate_reference(setup, setup.tasks["train"], pass_at=[1, 2], samples=2)
        assert found is not None
        result, episodes = found
        assert (result.success, result.completion, result.tasks) == (0.5, 1.0, 2)
        assert result.pass_at == {"1": 0.5, "2": 0.5}
        assert all(not episode.completion_ids and not episode.prompt_ids for episode in episodes)
    temperatures = sorted(body["temperature"] for body in server.asked)
    assert temperatures == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]  # each sample once, and kept


def test_an_endpoint_that_fails_ends_the_evaluation(setup: Setup, server: Server) -> None:
    server.answer = lambda _: Reply({"error": "no"}, 500)
    with pytest.raises(RemoteFailed, match="status 500: no"):
        evaluate_reference(setup, setup.tasks["train"])


def test_no_reference_and_a_missing_key(setup: Setup) -> None:
    evaluation = setup.experiment.evaluation
    assert evaluation.reference is not None
    keyed = evaluation.reference.model_copy(update={"key": "env:NOT_SET"})
    with pytest.raises(PlanFault) as caught:
        reference_policy(setup, keyed)
    assert caught.value.path == "evaluation.reference.key"
    assert json.dumps(caught.value.message)
