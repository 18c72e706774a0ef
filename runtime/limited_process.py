"""The process that calls the user's functions for `limited`: one call at a time, in its main thread.

A request names the function and holds a batch of arguments. It is answered by `loaded`, and then for
each argument by `value` and what the function returned, or by `failed` and what is told of it, which
ends the batch. When whoever asks is gone, so is this process, whatever it is at.
"""

from __future__ import annotations

import faulthandler
import math
import os
import pickle
import resource
import signal
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mrlc.runtime.code import blame, describe, load_callable
from mrlc.runtime.errors import PlanFault

LOOK_S = 1.0
"""Seconds between looks whether the one who asks is still there."""
SLACK_S = 5
"""Seconds of processor time that a call may take beyond its limit; its caller has ended it by then."""


def main(line: int, where: int) -> None:
    """Answer the requests that come in on a descriptor; say on the other where it is, when asked."""
    for descriptor in (line, where):
        os.set_inheritable(descriptor, False)  # or what a function starts would keep them open
    faulthandler.register(signal.SIGUSR1, file=where, all_threads=False)
    parent = os.getppid()
    threading.Thread(target=_outlives_nobody, args=(parent,), daemon=True).start()
    requests = Connection(line)
    while True:
        try:
            request = requests.recv()
        except (EOFError, OSError):
            os._exit(0)
        _answer(requests, *request)


def _outlives_nobody(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.killpg(0, signal.SIGKILL)


def _answer(
    line: Connection, reference: str, inputs: str, batch: list[Any], timeout_s: float
) -> None:
    try:
        function = load_callable(reference, Path(inputs), path="")
    except PlanFault as fault:
        line.send(("failed", fault.message, fault.message, None, fault.help))
        return
    line.send(("loaded",))
    for given in batch:
        _limit_processor(timeout_s)
        try:
            reply = _reply(function(given))
        except BaseException as error:  # noqa: BLE001 -- the user's code; nothing may end the loop
            verdict = " ".join(str(error).split()) if isinstance(error, ValueError) else None
            line.send(("failed", describe(error), blame(error), verdict))
            return
        line.send_bytes(reply)


def _reply(value: Any) -> bytes:
    try:
        return pickle.dumps(("value", value))
    except Exception as error:  # whatever a class of the user's own does when it is pickled
        raise TypeError(f"returned {type(value).__name__}, which is no value") from error


def _limit_processor(timeout_s: float) -> None:
    """Have the kernel end a call that computes on and on where nobody is left to do it.

    The thread that looks for the parent cannot run while the call holds the interpreter's lock.
    """
    may_take = (timeout_s + SLACK_S) * (os.cpu_count() or 1)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    limit = math.ceil(time.process_time() + may_take)
    if most == resource.RLIM_INFINITY or limit < most:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, most))
