"""The process of a worker (`environment.worker`): reads calls, runs each in a thread, writes what became of it.

Lines of JSON either way. A call is answered twice: `begun` when the user's file is loaded and the
function is called, from when its time counts; then `value`, `refused` or `broken`. When the
requests end, whoever asks is gone, and so is this process, whatever its threads are at.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from mrlc.runtime.code import Misbehaved, blame, load_callable
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.json_values import dumps

MAX_LETTERS = 4_000_000
"""Of a result: far more than any model is shown, and not so much that reading it holds up the rest."""

Say = Callable[..., None]
"""Writes one answer of a call: its state, and what belongs to it."""


class LeftTheCall(Misbehaved):
    """The function raised what would end the process (SystemExit) or garble a coroutine."""


class NotJson(Misbehaved):
    """The function returned what JSON cannot say."""

    def __init__(self) -> None:
        super().__init__("returned what is not JSON")


class TooLong(Misbehaved):
    """The function returned more than anybody reads."""

    def __init__(self) -> None:
        super().__init__(f"returned more than {MAX_LETTERS:,} characters")


def main(requests: int, replies: int) -> None:
    """Answer the calls that come in on one descriptor, on the other."""
    for descriptor in (requests, replies):
        os.set_inheritable(descriptor, False)  # or what a function starts would keep them open
    out, lock = os.fdopen(replies, "wb", buffering=0), threading.Lock()
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            request = json.loads(line)
            say = _saying(out, lock, request["id"])
            threading.Thread(target=_answer, args=(request, say), daemon=True).start()
    os._exit(0)


def _saying(out: BinaryIO, lock: threading.Lock, number: int) -> Say:
    def say(state: str, text: str = "") -> None:
        line = json.dumps({"id": number, "state": state, "text": text}).encode() + b"\n"
        with lock:
            while line:
                line = line[out.write(line) :]

    return say


def _answer(request: dict[str, Any], say: Say) -> None:
    try:
        function = _function(request)
        say("begun")
        text = _text(_called(function, request))
    except BaseException as error:  # noqa: BLE001 -- the user's code; nothing may end the thread
        say(*_ended(error))
    else:
        say("value", text)


_loading = threading.Lock()


def _function(request: dict[str, Any]) -> Callable[..., Any]:
    """What to call; loading runs the user's file, so one call at a time may do it."""
    if request["reference"] in SABOTAGE:
        return SABOTAGE[request["reference"]]
    with _loading:
        return load_callable(request["reference"], Path(request["inputs"]), path="")


def _called(function: Callable[..., Any], request: dict[str, Any]) -> Any:
    try:
        return function(*request["positional"], **request["named"])
    except (SystemExit, StopIteration) as error:
        left = LeftTheCall(f"raised {type(error).__name__}")
        raise left.with_traceback(error.__traceback__) from error


def _text(value: Any) -> str:
    try:
        text = dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJson from error
    if len(text) > MAX_LETTERS:
        raise TooLong
    return text


def _ended(error: BaseException) -> tuple[str, str]:
    # Loading the class takes longer than most calls; without it nobody can have raised it.
    errors = sys.modules.get("mrlc.runtime.environment.errors")
    if errors is not None and isinstance(error, errors.ToolError):
        try:
            return "refused", _text(error.reply)
        except NotJson as garbled:
            return "broken", blame(garbled)
    if isinstance(error, PlanFault):  # the file loads elsewhere, and not here
        return "broken", error.message
    return "broken", blame(error)


def _hang() -> None:
    time.sleep(1 << 30)


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)
    _hang()


def _garbage() -> Any:
    return {b"\xff\x00"}


SABOTAGE: dict[str, Callable[[], Any]] = {"hang": _hang, "crash": _crash, "garbage": _garbage}
"""What chaos has done in a function's place, by its name, which no reference to a file can be."""
