"""Limits of calls, in a loop that somebody else holds up."""

from __future__ import annotations

import asyncio
import time

import pytest

from mrlc.runtime.environment.timeout import TimedOut, forever, in_thread, within


async def _busy(stop: asyncio.Event, *, held_s: float) -> None:
    """What generation does to the loop: forward passes, with a look at it in between."""
    while not stop.is_set():
        time.sleep(held_s)  # noqa: ASYNC251 -- that is the point
        await asyncio.sleep(0)


async def _slept(*naps: float) -> str:
    for nap in naps:
        await asyncio.sleep(nap)
    return "done"


def _beside(held_s: float, call: object, *, limit_s: float) -> object:
    async def run() -> object:
        stop = asyncio.Event()
        busy = asyncio.create_task(_busy(stop, held_s=held_s))
        try:
            return await within(limit_s, call)  # type: ignore[arg-type]
        finally:
            stop.set()
            await busy

    return asyncio.run(run())


def test_what_is_ready_when_the_loop_comes_back_is_not_late() -> None:
    assert _beside(0.3, _slept(0.01), limit_s=0.1) == "done"
    assert _beside(0.3, in_thread(lambda: time.sleep(0.01) or "done"), limit_s=0.1) == "done"


def test_a_call_of_several_steps_gets_several_looks() -> None:
    assert _beside(0.2, _slept(0.01, 0.01, 0.01), limit_s=0.1) == "done"


def test_what_hangs_is_late_however_busy_the_loop() -> None:
    with pytest.raises(TimedOut):
        _beside(0.02, forever(), limit_s=0.1)


def test_a_free_loop_is_held_to_the_limit() -> None:
    started = time.monotonic()
    with pytest.raises(TimedOut):
        asyncio.run(within(0.1, forever()))
    assert time.monotonic() - started < 0.5
