"""The child of a warden that runs Python: the code, its last value, and a word of how it ended.

As in a notebook, the value of a last expression is shown unless it is None. The word goes
over a channel apart from the output, behind a token that only the warden knows.
"""

from __future__ import annotations

import ast
import json
import os
import random
import sys
from typing import Any

NAME = "<code>"
MAX_ERROR = 500
"""Letters of an error that are told."""


def run(code: str, *, seed: int, channel: int, token: str) -> None:
    """Run it and leave the process."""
    random.seed(seed)
    for name in [name for name in sys.modules if name.startswith(("mrlc", "ctypes", "_ctypes"))]:
        del sys.modules[name]
    end = _end(code)
    try:
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 -- the code may have closed or replaced it
        end = end or {"error": _describe(error)}
    os.write(channel, (token + json.dumps(end)).encode())
    os._exit(0)


def _end(code: str) -> dict[str, Any]:
    """Nothing, or `error`, or `limit`."""
    try:
        _execute(code)
    except MemoryError:
        return {"limit": "memory"}
    except SystemExit as error:
        return {} if error.code in (None, 0) else {"error": f"SystemExit: {error.code}"[:MAX_ERROR]}
    except BaseException as error:  # noqa: BLE001 -- it is the model's code
        return {"error": _describe(error)}
    return {}


def _execute(code: str) -> None:
    module = ast.parse(code, NAME)
    last = module.body.pop() if module.body and isinstance(module.body[-1], ast.Expr) else None
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(module, NAME, "exec"), names)  # noqa: S102 -- this is what the process is for
    if isinstance(last, ast.Expr):
        value = eval(compile(ast.Expression(last.value), NAME, "eval"), names)
        if value is not None:
            print(repr(value))


def _describe(error: BaseException) -> str:
    """Type, message, and the line of the code."""
    try:
        text = f"{type(error).__name__}: {error}"[:MAX_ERROR]
    except BaseException:  # noqa: BLE001 -- the code wrote the exception's __str__ too
        text = type(error).__name__
    line, trace = None, error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == NAME else line
        trace = trace.tb_next
    return text if line is None or isinstance(error, SyntaxError) else f"{text} (line {line})"
