"""Delivery against a real server: sent once, again where it is worth it, and never in the way."""

from __future__ import annotations

import threading
import time

import pytest

from mrlc.runtime.endpoint import attempts
from mrlc.runtime.notify import deliver as delivery
from mrlc.runtime.notify.deliver import ATTEMPTS, Courier
from mrlc.runtime.notify.message import Message
from mrlc.schemas.notify import Channel
from tests.runtime.server import Reply, serving

from .firings import HACKED, firing

TOKEN = "T0000000/B0000000/abcdefghijklmnop"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_WAIT_S", 0.01)


def told(
    monkeypatch: pytest.MonkeyPatch, url: str, kind: str = "webhook", within_s: float = 5
) -> list[str]:
    """Deliver to one address; the warnings."""
    monkeypatch.setenv("HOOK", url)
    warnings: list[str] = []
    channels = {"ops": Channel(**{kind: "env:HOOK"})}
    with Courier(channels, "desk-s1", within_s=within_s, warn=warnings.append) as courier:
        courier.post([HACKED])
    return warnings


@pytest.mark.parametrize("kind", ["webhook", "slack"])
def test_what_arrives(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with serving(Reply("ok")) as server:
        assert told(monkeypatch, server.url, kind) == []
    (asked,) = server.asked
    if kind == "webhook":
        assert asked == Message("desk-s1", HACKED).as_json()
    else:
        assert asked["text"].startswith("desk-s1: alert reward-hacked at step 40")


def test_a_server_in_trouble_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Reply("", 503), Reply("", 429, {"Retry-After": "0"}), Reply("ok")) as server:
        assert told(monkeypatch, server.url) == []
    assert len(server.asked) == 3
    assert len({one["id"] for one in server.asked}) == 1


REFUSED = {
    "no such hook": (Reply("no_service", 404), 1, "status 404: no_service"),
    "in trouble for long": (Reply("", 500), ATTEMPTS, "status 500, after 5 attempts"),
    "back in an hour": (Reply("", 429, {"Retry-After": "3600"}), 1, "status 429, after 1 attempts"),
    "a redirect": (Reply("", 302, {"Location": "http://127.0.0.1:1/"}), 1, "redirects"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_a_warning(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    reply, times, said = REFUSED[case]
    with serving(reply) as server:
        (warning,) = told(monkeypatch, f"{server.url}/{TOKEN}")
    assert len(server.asked) == times
    assert warning.startswith("channel ops was not told of reward-hacked: ")
    assert said in warning


def test_a_server_that_quotes_the_address_does_not_give_it_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(Reply(f"no hook at /v1/{TOKEN}", 410)) as server:
        (warning,) = told(monkeypatch, f"{server.url}/{TOKEN}")
    assert TOKEN not in warning
    assert "•••" in warning


ADDRESSES = {
    "http over the network": "http://hooks.example/x",
    "a file": "file:///etc/passwd",
    "no address": "hooks.example",
    "nonsense": "https://[::1",
}


@pytest.mark.parametrize("case", ADDRESSES)
def test_addresses_that_are_not_used(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    (warning,) = told(monkeypatch, ADDRESSES[case])
    assert "the address " in warning
    assert ADDRESSES[case] not in warning


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    (warning,) = told(monkeypatch, f"http://127.0.0.1:1/{TOKEN}")
    assert "the connection failed (ConnectionRefusedError), after 5 attempts" in warning
    assert TOKEN not in warning


def test_a_variable_that_is_not_set_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    warnings: list[str] = []
    Courier({"ops": Channel(slack="env:HOOK")}, "r", warn=warnings.append)
    said = "channel ops: the environment variable HOOK is not set; alerts will not reach it"
    assert warnings == [said]


def test_a_channel_that_is_not_there() -> None:
    warnings: list[str] = []
    with Courier({}, "r", warn=warnings.append) as courier:
        courier.post([HACKED])
    assert warnings == ["there is no channel `ops` to tell of reward-hacked"]


def test_a_server_that_hangs_holds_up_neither_the_run_nor_another_channel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    with serving(Reply("", hang_s=2)) as slow, serving(Reply("ok")) as quick:
        monkeypatch.setenv("SLOW", slow.url)
        monkeypatch.setenv("QUICK", quick.url)
        channels = {"slow": Channel(webhook="env:SLOW"), "quick": Channel(webhook="env:QUICK")}
        began = time.monotonic()
        with Courier(channels, "r", within_s=0.5, warn=warnings.append) as courier:
            courier.post([firing(step=step, notify=("slow", "quick")) for step in (1, 2, 3)])
            assert time.monotonic() - began < 0.2
        assert time.monotonic() - began < 1.5
        assert [one["step"] for one in quick.asked] == [1, 2, 3]
    late = (
        "channel slow was not told of reward-hacked: it was not delivered before the run was over"
    )
    assert warnings == [late] * 3


def test_a_storm_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "WAITING", 2)
    warnings: list[str] = []
    with serving(Reply("", hang_s=0.3)) as server:
        monkeypatch.setenv("HOOK", server.url)
        channels = {"ops": Channel(webhook="env:HOOK")}
        with Courier(channels, "r", within_s=5, warn=warnings.append) as courier:
            courier.post([firing(step=step) for step in range(10)])
    assert len(warnings) + len(server.asked) == 10
    assert "2 messages are waiting already" in warnings[0]


def test_nothing_of_it_stays_when_all_is_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Reply("ok")) as server:
        told(monkeypatch, server.url)
    assert not [one for one in threading.enumerate() if one.name == "notify-ops"]
