"""A client against a real server that misbehaves; and no secret anywhere."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime.endpoint import ChatClient, Completion, Endpoints, ToolRequest
from mrlc.runtime.endpoint import attempts as attempts_module
from mrlc.runtime.endpoint import client as client_module
from mrlc.runtime.endpoint.access import access
from mrlc.runtime.errors import NoReply, PlanFault, RemoteFailed
from mrlc.schemas.endpoint import Endpoint
from tests.runtime.server import KEY, Reply, Server, says, serving

HELLO = [{"role": "user", "content": "Hello"}]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts_module, "FIRST_WAIT_S", 0.001)
    monkeypatch.setenv("JUDGE_KEY", KEY)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def endpoint(server: Server | None = None, **more: Any) -> Endpoint:
    url = server.url if server else "http://127.0.0.1:9/v1"
    section = {"url": url, "model": "m-1", "key": "env:JUDGE_KEY", "retries": 2, **more}
    return Endpoint.model_validate_json(json.dumps(section))


def ask(client: ChatClient, messages: Any = HELLO, **more: Any) -> Completion:
    return asyncio.run(client.chat(messages, max_tokens=64, **more))


def client_of(server: Server, **more: Any) -> ChatClient:
    return ChatClient(endpoint(server, **more), "judge")


def test_a_request_and_its_reply() -> None:
    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    with serving(says("Hi.", ("look", {"at": 1}), tokens=7)) as server:
        found = ask(client_of(server), tools=tools)
    assert found == Completion("Hi.", (ToolRequest("call-0", "look", '{"at": 1}'),), True, 7)
    body = {"model": "m-1", "messages": HELLO, "temperature": 0.0, "max_tokens": 64, "tools": tools}
    assert server.asked == [body]
    assert server.keys == [f"Bearer {KEY}"]


def test_own_limits_stand_before_the_callers() -> None:
    with serving(says("Hi.")) as server:
        ask(client_of(server, temperature=0.5, max_tokens=9, key=None))
    assert (server.asked[0]["temperature"], server.asked[0]["max_tokens"]) == (0.5, 9)
    assert server.keys == [None]


@pytest.mark.parametrize("tail", ["", "/", "/chat/completions", "?v=1", "/chat/completions/?v=1"])
def test_addresses(monkeypatch: pytest.MonkeyPatch, tail: str) -> None:
    monkeypatch.setenv("HERE", f"https://host/v1{tail}")
    query = "?v=1" if "?" in tail else ""
    assert access(endpoint(url="env:HERE"), "x").url == f"https://host/v1/chat/completions{query}"


FLEETING = {
    "429": Reply("slow down", 429, {"Retry-After": "0"}),
    "500": Reply("oops", 500),
    "cut connection": Reply('{"choices": [', claims=500),
    "cut body": Reply('{"choices": ['),
    "hang": Reply("late", hang_s=0.5),
    "not text": Reply(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("case", FLEETING)
def test_another_attempt_helps(case: str) -> None:
    with serving(FLEETING[case], says("Hi.")) as server:
        assert ask(client_of(server, timeout_s=0.2)).text == "Hi."
    assert len(server.asked) == 2


LASTING = {
    "429": (FLEETING["429"], "status 429, after 3 attempts"),
    "500": (Reply({"error": {"message": "out\nof memory"}}, 500), "status 500: out of memory"),
    "hang": (FLEETING["hang"], "no answer within 0.2 s, after 3 attempts"),
    "cut": (FLEETING["cut body"], "the reply was cut or is not JSON"),
    "400": (Reply({"error": "too long"}, 400), "status 400: too long"),
    "huge": (Reply(b"[" * 5_000_000), "longer than 4000000 bytes"),
    "deep": (Reply("[" * 100_000), "nested too deeply"),
    "a list": (Reply("[]"), "`choices` is missing or of the wrong type"),
    "no choices": (Reply({"choices": []}), "`choices` is empty"),
    "no message": (Reply({"choices": [{}]}), "`message` is missing"),
    "content of parts": (Reply({"choices": [{"message": {"content": [1]}}]}), "`content`"),
    "call without name": (
        Reply({"choices": [{"message": {"tool_calls": [{"id": "1", "function": {}}]}}]}),
        "`name` is missing",
    ),
    "a flood of calls": (says("", *[("look", {})] * 65), "65 tool calls in one turn"),
    "a long pause": (
        Reply("", 429, {"Retry-After": "3600"}),
        "status 429, to be asked again in 3600 s",
    ),
}


@pytest.mark.parametrize("case", LASTING)
def test_no_reply(case: str) -> None:
    reply, cause = LASTING[case]
    with serving(reply) as server, pytest.raises(NoReply) as caught:
        ask(client_of(server, timeout_s=5 if case == "huge" else 0.2))
    assert cause in str(caught.value)
    assert str(caught.value).startswith(f"`m-1` at {server.url} (judge): ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "cause"),
    [(401, "does not accept the key"), (403, "may not use"), (404, "no such"), (302, "has moved")],
)
def test_what_no_attempt_can_mend_ends_the_run(status: int, cause: str) -> None:
    moved = {"Location": "http://127.0.0.1:9/"}
    with serving(Reply("", status, moved)) as server, pytest.raises(RemoteFailed) as caught:
        ask(client_of(server))
    assert cause in str(caught.value)
    assert not isinstance(caught.value, NoReply)
    assert len(server.asked) == 1


def test_nobody_there() -> None:
    with pytest.raises(NoReply, match="the connection failed"):
        ask(ChatClient(endpoint(retries=0), "judge"))


def test_a_server_that_stays_down_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "PATIENCE", 3)
    with serving(Reply("", 500)) as server:
        client = client_of(server, retries=0)
        for _ in range(2):
            with pytest.raises(NoReply):
                ask(client)
        with pytest.raises(RemoteFailed, match="so were the last 3 requests") as caught:
            ask(client)
    assert not isinstance(caught.value, NoReply)


def test_the_servers_pause_is_kept() -> None:
    with serving(Reply("", 429, {"Retry-After": "1"}), says("Hi.")) as server:
        ask(client_of(server))
    assert server.times[1] - server.times[0] >= 1


def test_requests_under_way_at_once_are_bounded() -> None:
    async def many(client: ChatClient) -> None:
        asks = [client.chat([{"role": "user", "content": str(i)}], max_tokens=8) for i in range(12)]
        await asyncio.gather(*asks)

    with serving(Reply(says("Hi.").body, hang_s=0.02)) as server:
        asyncio.run(many(client_of(server, concurrency=3)))
    assert len(server.asked) == 12
    assert server.most <= 3


def test_what_was_asked_is_not_asked_again(tmp_path: Path) -> None:
    async def twice(client: ChatClient) -> list[Completion]:
        asks = [client.chat(HELLO, max_tokens=8) for _ in range(2)]
        return await asyncio.gather(*asks)

    with serving(says("one"), says("two")) as server:
        first = client_of(server)
        assert [found.text for found in asyncio.run(twice(first))] == ["one", "one"]
        first.keep_in(tmp_path)  # what was asked before the run had a folder comes along
        again = client_of(server)
        again.keep_in(tmp_path)
        assert asyncio.run(again.chat(HELLO, max_tokens=8)).text == "one"
        assert asyncio.run(again.chat(HELLO, max_tokens=9)).text == "two"
    assert len(server.asked) == 2


def test_samples_are_told_apart_and_greedy_ones_are_not() -> None:
    with serving(says("one"), says("two"), says("three")) as server:
        client = client_of(server)
        sampled = [ask(client, temperature=1.0, sample=i).text for i in (1, 2, 1)]
        greedy = [ask(client, sample=i).text for i in (1, 2)]
    assert (sampled, greedy) == (["one", "two", "one"], ["three", "three"])


def test_a_broken_entry_is_asked_for_again(tmp_path: Path) -> None:
    with serving(says("one"), says("two")) as server:
        client = client_of(server)
        client.keep_in(tmp_path)
        ask(client)
        (entry,) = tmp_path.rglob("*.json")
        entry.write_text('{"choices": [')
        assert ask(client).text == "two"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [entry.name]


@pytest.mark.parametrize(
    ("budget", "count"), [({"calls": 2}, 2), ({"tokens": 20}, 2), ({"tokens": 11}, 2)]
)
def test_a_budget_ends_the_run_and_outlives_the_process(
    tmp_path: Path, budget: dict[str, int], count: int
) -> None:
    def one(client: ChatClient, text: str) -> None:
        ask(client, [{"role": "user", "content": text}])

    with serving(says("Hi.", tokens=10)) as server:
        for start in (0, 1):  # the second process begins where the first one was stopped
            client = client_of(server, budget=budget)
            client.keep_in(tmp_path)
            for number in range(start, count):
                one(client, str(number))
            with pytest.raises(RemoteFailed, match=r"\(judge\.budget\) is spent") as caught:
                one(client, "more")
            assert not isinstance(caught.value, NoReply)
    assert len(server.asked) == count


def test_repeated_attempts_count_and_a_server_that_does_not_count_is_counted() -> None:
    with serving(Reply("", 500), says("Hi.", tokens=0)) as server:
        client = client_of(server, budget={"calls": 2, "tokens": 1000})
        ask(client)
    assert client._spending.calls == 2
    assert client._spending.tokens > 0


FAULTS = {
    "no such variable": ({"key": "env:NOT_SET"}, "judge.key", "NOT_SET is not set"),
    "no such address": ({"url": "env:NOT_SET"}, "judge.url", "NOT_SET is not set"),
    "no address": ({"url": "env:ODD"}, "judge.url", "`env:ODD` is no web address"),
    "a key in clear": ({"url": "env:PLAIN"}, "judge.url", "the key would travel in clear"),
    "two lines": ({"key": "env:LINES"}, "judge.key", "no header can carry"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_is_wrong_is_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    section, path, message = FAULTS[case]
    monkeypatch.setenv("ODD", "ftp://secret-host/")
    monkeypatch.setenv("PLAIN", "http://secret-host/")
    monkeypatch.setenv("LINES", f"{KEY}\nX-Evil: 1")
    with pytest.raises(PlanFault) as caught:
        ChatClient(endpoint(**section), "judge")
    assert caught.value.path == path
    assert message in caught.value.message
    assert "secret-host" not in caught.value.message
    assert KEY not in caught.value.message


TELLING = {
    "in the answer": says(f"Your key is {KEY}."),
    "in a refusal": Reply({"error": {"message": f"bad key {KEY}"}}, 401),
    "in an outage": Reply({"error": {"message": f"for {KEY}"}}, 500),
    "in garbage": Reply(f"<html>{KEY}</html>"),
}


@pytest.mark.parametrize("case", TELLING)
def test_a_secret_is_nowhere_even_if_the_server_repeats_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    case: str,
) -> None:
    caplog.set_level("DEBUG")
    with serving(TELLING[case]) as server:
        monkeypatch.setenv("JUDGE_URL", f"{server.url}?token=in-the-address")
        endpoints = Endpoints()
        client = endpoints.client(endpoint(url="env:JUDGE_URL", retries=0), "judge")
        endpoints.keep_in(tmp_path)
        try:
            seen = repr(ask(client))
        except RemoteFailed as failure:
            seen = f"{failure!r} {failure.__cause__!r}"
    seen += repr(vars(client)) + caplog.text + "".join(capfd.readouterr())
    seen += "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in seen
    assert "in-the-address" not in seen


def test_a_retry_after_that_is_a_date_or_nonsense() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < attempts_module.retry_after_s(soon) <= 30
    for text in (None, "", "soon", "-5", "9" * 400, "Wed, 99 Foo 0000 00:00:00 GMT"):
        assert attempts_module.retry_after_s(text) >= 0
