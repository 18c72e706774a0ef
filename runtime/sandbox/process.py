"""`python` and `shell` as real processes: a request to a warden, and its answer in words."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

from mrlc.runtime import json_values
from mrlc.runtime.sandbox import wardens
from mrlc.runtime.sandbox.native.request import Answer, Request
from mrlc.runtime.sandbox.outcome import (
    Limits,
    Outcome,
    SandboxBroken,
    failed,
    megabytes,
    ok,
    stopped,
)

MAX_LETTERS = 100_000
"""Of the code: a program's argument ends at 128 KiB."""


@dataclass(frozen=True)
class Process:
    """The engine; every call is a process of its own."""

    kind: Literal["python", "shell"]
    limits: Limits
    tier: str
    bwrap: str | None = None

    def run(self, code: str, *, seed: int) -> Outcome:
        """Run it in a fresh process."""
        if len(code.encode(errors="replace")) > MAX_LETTERS or "\0" in code:
            return failed(f"the code has a null character or more than {MAX_LETTERS} bytes")
        if not code.isascii():
            code = code.encode(errors="replace").decode()
        limits = self.limits
        request = Request(
            kind=self.kind,
            code=code,
            seed=seed,
            wall_s=limits.wall_s,
            cpu_s=limits.cpu_s,
            memory_bytes=limits.memory_bytes,
            output_bytes=limits.output_bytes,
            file_bytes=limits.file_bytes,
            processes=limits.processes,
            bwrap=self.bwrap,
        )
        return self._outcome(wardens.ask(request))

    def _outcome(self, answer: Answer) -> Outcome:
        output = answer.output
        if answer.message.startswith("broken: "):
            raise SandboxBroken(answer.message.removeprefix("broken: "))
        if answer.cause == "exit":
            ended = self._python if self.kind == "python" else self._shell
            return ended(answer)
        if answer.cause == "signal":
            return failed(f"the code crashed: {_signal_name(answer.number)}", output)
        return stopped(self._reason(answer), output)

    def _reason(self, answer: Answer) -> str:
        limits = self.limits
        return {
            "wall": f"{limits.wall_s:g} s",
            "cpu": f"{limits.cpu_s:g} s of computing",
            "output": f"{limits.output_bytes} bytes of output",
            "files": f"{megabytes(limits.file_bytes)} of files",
        }[answer.cause]

    def _python(self, answer: Answer) -> Outcome:
        try:
            end = json_values.loads(answer.message)
        except ValueError:
            return failed("the code ended its own process", answer.output)
        if "limit" in end:
            return stopped(f"{megabytes(self.limits.memory_bytes)} of memory", answer.output)
        if "error" in end:
            return failed(str(end["error"]), answer.output)
        return ok(answer.output)

    def _shell(self, answer: Answer) -> Outcome:
        if answer.number:
            return failed(f"exit code {answer.number}", answer.output)
        return ok(answer.output)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
