"""A function that scores is bounded, whatever it hangs in, and nothing of it outlives the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mrlc.runtime import limited
from mrlc.runtime.code import describe
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.gates.leaks import counted
from mrlc.runtime.limited import CallFailed, CallLate, LimitedFunction
from tests.children import environment

HANGS = {
    "an endless loop": "while True: pass",
    "a sleep": "time.sleep(1000)",
    "a loop that swallows what it is sent": (
        "while True:\n        try: time.sleep(1000)\n        except BaseException: pass"
    ),
    "a regular expression, under the interpreter's lock": "re.match('(a+)+b', 'a' * 60)",
    "a socket that is never answered": "a, b = socket.socketpair(); a.recv(1)",
    "a child of its own": "subprocess.run(['sleep', '1000'])",
}


def function(
    folder: Path, body: str, *, timeout_s: float = 20.0, file: str = "rule.py"
) -> LimitedFunction:
    imports = "import os, re, signal, socket, subprocess, sys, time"
    (folder / file).write_text(f"{imports}\ncalls = []\ndef rule(x):\n    {body}\n")
    return LimitedFunction(f"{file}:rule", folder, timeout_s=timeout_s, path="p")


@pytest.mark.parametrize("hang", HANGS)
def test_what_hangs_is_ended_in_time_and_leaves_nothing(tmp_path: Path, hang: str) -> None:
    limited.close()
    rule = function(tmp_path, HANGS[hang], timeout_s=0.3)
    with counted() as leaks:
        with pytest.raises(CallLate) as caught:
            rule(1)
        assert describe(caught.value).startswith("took longer than 0.3 s in rule.py:rule, at line ")
    assert leaks.found == {}
    assert function(tmp_path, "return x", file="other.py")(2) == 2


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero at rule.py:4"),
        ("sys.exit(3)", "SystemExit: 3 at rule.py:4"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt at rule.py:4"),
        ("os._exit(3)", "its process ended with exit code 3 in rule.py:rule"),
        ("os.kill(os.getpid(), 11)", "its process was ended by SIGSEGV in rule.py:rule"),
        ("return (i for i in [])", "TypeError: returned generator, which is no value"),
    ],
)
def test_what_fails_is_told(tmp_path: Path, body: str, text: str) -> None:
    rule = function(tmp_path, body)
    with pytest.raises(CallFailed) as caught:
        rule(1)
    assert describe(caught.value) == text
    assert function(tmp_path, "return x", file="other.py")(2) == 2  # whatever became of the process


@pytest.mark.parametrize("value", [1, 0.5, True, None, [0.1, 0.2], {"a": (1,)}, 10**400])
def test_values_come_as_they_are(tmp_path: Path, value: Any) -> None:
    found = function(tmp_path, "return x")(value)
    assert found == value
    assert type(found) is type(value)


def test_a_batch_is_called_once_and_in_order(tmp_path: Path) -> None:
    rule = function(tmp_path, "calls.append(x[0]); return list(calls)")
    many = [[i] for i in range(2 * limited.TOGETHER + 3)]
    rule.ahead(many)
    assert [rule(one)[-1] for one in many] == list(range(len(many)))
    assert len(rule(many[0])) == len(many) + 1  # asked for once more, it is called once more


@pytest.mark.parametrize("body", ["1 / (x - 70)", "time.sleep(1000 * (x == 70))"])
def test_in_a_batch_the_one_that_fails_is_blamed(tmp_path: Path, body: str) -> None:
    rule = function(tmp_path, f"{body}; return x", timeout_s=0.5)
    many = [1000 + i for i in range(100)]  # no small integers: each is an object of its own
    many[7] = 70
    rule.ahead(many)
    assert [rule(one) for one in many[:7]] == many[:7]
    with pytest.raises((CallFailed, CallLate)):
        rule(many[7])
    assert rule(many[8]) == many[8]


def test_a_function_may_set_alarms(tmp_path: Path) -> None:
    body = "signal.signal(signal.SIGALRM, lambda *_: calls.append(1)); signal.alarm(1); "
    rule = function(tmp_path, f"{body}signal.pause(); return len(calls)")
    assert rule(1) == 1


def test_threads_may_call_at_once(tmp_path: Path) -> None:
    rule = function(tmp_path, "return x")
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda i=i: found.append(rule(i))) for i in range(1000, 1008)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(found) == list(range(1000, 1008))


def test_prints_are_no_result_of_ours(tmp_path: Path, capfd: Any) -> None:
    rule = function(tmp_path, "print('hello', flush=True); return 1")
    limited.close()  # what is started now has the captured descriptors
    assert rule(1) == 1
    limited.close()
    assert capfd.readouterr().out == ""


CALLER = """
import sys
from pathlib import Path
from mrlc.runtime.limited import LimitedFunction
LimitedFunction("rule.py:rule", Path(sys.argv[1]), timeout_s=100, path="p")(1)
"""


@pytest.mark.parametrize("how", ["an endless loop", "a sleep"])
def test_it_ends_with_the_process_that_was_killed(tmp_path: Path, how: str) -> None:
    note = "open(os.path.join(os.path.dirname(__file__), 'pid'), 'w').write(f'{os.getpid()} ')"
    function(tmp_path, f"{note}\n    {HANGS[how]}")
    caller = subprocess.Popen([sys.executable, "-c", CALLER, tmp_path], env=environment())
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()):
        assert caller.poll() is None
        time.sleep(0.02)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    until = time.monotonic() + 20
    while is_running(int(pid.read_text())):
        assert time.monotonic() < until
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """Whether a process is there; one that nobody has waited for yet is not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_file_that_hangs_while_it_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limited, "START_S", 0.5)
    (tmp_path / "rule.py").write_text("import socket\na, b = socket.socketpair()\na.recv(1)\n")
    limited.close()
    message = r"took longer than 0.5 s to load in rule.py:rule"
    with pytest.raises(PlanFault, match=message):
        LimitedFunction("rule.py:rule", tmp_path, timeout_s=1, path="p")
