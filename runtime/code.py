"""The user's own Python: `path/file.py:name`, loaded from the plan's inputs.

A file is one module, executed once in a process; two references to it share it. It
stands alone: what lies beside it is not on the import path, as the plan carries the
named file only.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from mrlc.runtime.errors import PlanFault

_PREFIX = "mrlc_input_"


def load_callable(reference: str, inputs: Path, *, path: str) -> Callable[..., Any]:
    """What `reference` names; `path` is where the spec says so.

    Raises:
        PlanFault: the file does not run, or has no such function.
    """
    file, _, name = reference.rpartition(":")
    try:
        module = _load((inputs / file).resolve())
    except (Exception, SystemExit) as error:  # the file runs whatever its author wrote
        raise PlanFault(path, f"{file} cannot be loaded: {describe(error)}") from error
    found: Callable[..., Any] | None = getattr(module, name, None)
    if found is None:
        near = difflib.get_close_matches(name, vars(module), 1)
        help = f"did you mean `{near[0]}`?" if near else None
        raise PlanFault(path, f"{file} has no `{name}`", help=help)
    if not callable(found):
        raise PlanFault(path, f"`{name}` in {file} is not a function")
    return found


class Told(Exception):
    """What became of a call in another process: one line, already as `describe` has it."""


class Misbehaved(Exception):
    """What the user's code did, in words that hold nothing of its values: `returned no JSON`."""


def describe(error: BaseException) -> str:
    """One line: type, message, and the last line of the user's code that was running."""
    if isinstance(error, Told):
        return str(error)
    if isinstance(error, Misbehaved):
        return blame(error)
    message = " ".join(str(error).split())
    text = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return f"{text[:200]}{_place(error)}"


def blame(error: BaseException) -> str:
    """One line without the message, which may hold a secret: type, and the user's line."""
    what = str(error) if isinstance(error, Misbehaved) else type(error).__name__
    return f"{what}{_place(error)}"


def _place(error: BaseException) -> str:
    """` at file.py:12`, or nothing where no code of the user was running."""
    frames = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).startswith(_PREFIX)
    ]
    return f" at {Path(frames[-1][0]).name}:{frames[-1][1]}" if frames else ""


@cache
def _load(file: Path) -> ModuleType:
    name = _PREFIX + hashlib.sha256(str(file).encode()).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up here
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
