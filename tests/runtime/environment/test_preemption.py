"""Code that does not give way is interrupted, and nothing else is."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from mrlc.runtime.environment.preemption import HeldUp, Preempted, Preemptible, Watch
from mrlc.runtime.environment.timeout import TimedOut, in_thread, within

LIMIT_S = 0.1
pytestmark = pytest.mark.timeout(60)


def spins() -> None:
    while True:
        pass


def sleeps() -> None:
    time.sleep(50)


def reads() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.recv(1)


def swallows_once() -> None:
    try:
        spins()
    except BaseException:  # noqa: BLE001 (as careless code does)
        spins()


def swallows_errors() -> None:
    while True:
        try:
            spins()
        except Exception:  # noqa: BLE001, S112 (as careless code does)
            continue


def watched(call: Any) -> Any:
    with Watch():
        return asyncio.run(within(LIMIT_S, call))


async def blocking(block: Callable[[], None]) -> None:
    await asyncio.sleep(0)
    block()


@pytest.mark.parametrize("block", [spins, sleeps, reads, swallows_once, swallows_errors])
def test_a_coroutine_that_blocks_is_interrupted(block: Callable[[], None]) -> None:
    with pytest.raises(HeldUp, match=r"blocked every episode for 0\.1 s without an await"):
        watched(blocking(block))


def test_others_go_on_after_it() -> None:
    async def other() -> str:
        await asyncio.sleep(0.01)
        return "done"

    async def both() -> list[Any]:
        calls = [within(LIMIT_S, blocking(spins)), within(LIMIT_S, other())]
        return await asyncio.gather(*calls, return_exceptions=True)

    with Watch():
        held, done = asyncio.run(both())
    assert isinstance(held, HeldUp)
    assert done == "done"


def test_it_may_clean_up() -> None:
    said: list[str] = []

    async def cleans() -> None:
        try:
            spins()
        finally:
            said.append("cleaned")

    with pytest.raises(HeldUp):
        watched(cleans())
    assert said == ["cleaned"]


def test_a_loop_in_another_thread_is_interrupted_too() -> None:
    found: list[BaseException] = []

    def run() -> None:
        try:
            watched(blocking(spins))
        except HeldUp as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert [type(error) for error in found] == [HeldUp]


def test_long_work_that_gives_way_is_late_and_not_held_up() -> None:
    async def gives_way() -> None:
        while True:
            await asyncio.sleep(0.01)

    with pytest.raises(TimedOut):
        watched(gives_way())


def test_what_a_coroutine_returns_raises_and_catches_goes_through() -> None:
    async def returns() -> int:
        try:
            await asyncio.wait_for(asyncio.sleep(50), 0.01)
        except TimeoutError:
            return 7
        return 0

    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("no")

    assert watched(returns()) == 7
    with pytest.raises(KeyError, match="no"):
        watched(fails())


def test_a_watch_leaves_nothing_behind() -> None:
    before = signal.getsignal(signal.SIGURG)
    with pytest.raises(HeldUp):
        watched(blocking(sleeps))
    assert signal.getsignal(signal.SIGURG) is before
    assert not [one for one in threading.enumerate() if one.name == "mrlc-watch"]


def test_a_thread_that_loops_ends_with_its_call() -> None:
    held: list[str] = []

    @contextmanager
    def holding() -> Iterator[None]:
        held.append("in")
        try:
            yield
        finally:
            held.append("out")

    with pytest.raises(TimedOut):
        asyncio.run(within(LIMIT_S, in_thread(spins, holding=holding())))
    until = time.monotonic() + 10
    while any(one.name == "mrlc-tool" for one in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)
    assert held == ["in", "out"]


@pytest.fixture
def often() -> Iterator[None]:
    """Threads take turns as fast as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("is_main", [True, False])
def test_nothing_arrives_once_it_is_over(is_main: bool, often: None) -> None:
    """However near its end it is interrupted."""
    chance, outcomes, strays = random.Random(3), set(), []

    def work() -> None:
        for _ in range(300):
            running: Preemptible[None] = Preemptible()
            now = time.monotonic()
            end, asked = (now + 5e-4 + chance.random() * 2e-4 for _ in range(2))
            other = threading.Thread(target=wait_and_preempt, args=(running, asked))
            try:
                other.start()
                try:
                    running.run(partial(wait, end))
                    outcomes.add("ended")
                except Preempted:
                    outcomes.add("preempted")
                other.join()
                for _ in range(200):
                    pass
            except Preempted as stray:
                strays.append(stray)

    with Watch():
        if is_main:
            work()
        else:
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    assert strays == []
    assert outcomes == {"ended", "preempted"}


def wait(until: float) -> None:
    while time.monotonic() < until:
        pass


def wait_and_preempt(running: Preemptible[None], until: float) -> None:
    wait(until)
    running.preempt()
