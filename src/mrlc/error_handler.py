"""The one place where exceptions become exit codes.

CompileFailed      the user's faults, shown where they are       1
UsageFault         a wrong option, a missing extra               2
OSError            of the disk, as a full one                    2
DoorShut           gates that a run has not earned               6
RemoteFault        a service that we ask did not answer          4
KeyboardInterrupt  the user has had enough                       130
BrokenPipeError    the reader of our output has gone             141
anything else      our bug; the traceback goes to a log file     3
"""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrlc.compiler.diagnostics import Diagnostic
    from mrlc.runtime.gates.door import DoorShut

EXTRAS = {
    "accelerate": "train",
    "datasets": "train",
    "httpx2": "endpoint",
    "huggingface_hub": "train",
    "numpy": "train",
    "peft": "train",
    "psutil": "train",
    "requests": "train",
    "torch": "train",
    "transformers": "train",
    "trl": "train",
    "vllm": "vllm",
    "sagemaker": "sagemaker",
    "moto": "dev",
    "pydantic_monty": "sandbox",
}
"""Optional packages, by import name, and the extra that brings them."""


OF_THE_DISK = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EEXIST,
        errno.EFBIG,
        errno.EIO,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
"""What a file system refuses, whoever asks; a file that is not there may be a fault of ours."""


class UsageFault(Exception):
    """A wrong option or an environment in which the command cannot work; one line."""


class RemoteFault(Exception):
    """A service on the network that failed or cannot be reached; one line, with a way out."""


def guard(command: Callable[[], int]) -> int:
    """Run a command and turn what it raises into an exit code."""
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not have every letter
    try:
        code = command()
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Python flushes stdout once more at exit, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 -- whatever it is, it must end as an exit code
        return _handled(error)


def _open_what_is_closed() -> None:
    """Give output that was closed (`>&-`) a place to go: Python has None for its stream."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 -- for the whole process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


def _handled(error: Exception) -> int:
    if isinstance(error, UsageFault):
        return _usage(str(error))
    if isinstance(error, RemoteFault):
        return _usage(str(error), code=4)
    missing = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    if isinstance(error, ModuleNotFoundError) and missing in EXTRAS:
        return _usage(f"this needs {missing}: pip install 'mrlc[{EXTRAS[missing]}]'")
    from mrlc.compiler.diagnostics import CompileFailed
    from mrlc.runtime.errors import RemoteFailed
    from mrlc.runtime.gates.door import DoorShut

    if isinstance(error, RemoteFailed):
        return _usage(str(error), code=4)
    if isinstance(error, CompileFailed):
        show(error.diagnostics)
        return 1
    if isinstance(error, DoorShut):
        return shut([error])
    if isinstance(error, OSError) and error.errno in OF_THE_DISK:
        where = f"{error.filename}: " if error.filename else ""
        return _usage(f"cannot go on: {where}{(error.strerror or str(error)).lower()}")
    return _bug(error)


def show(diagnostics: Sequence[Diagnostic]) -> None:
    """Print diagnostics for a person, on stderr."""
    from pathlib import Path

    from mrlc.compiler.render import human
    from mrlc.compiler.render.text import tally

    print(
        human.render(diagnostics, base=Path.cwd(), colour=colour(sys.stderr)),
        end="",
        file=sys.stderr,
    )
    print(tally(diagnostics), file=sys.stderr)


def colour(stream: object) -> bool:
    """Whether a stream is a terminal that wants colour (https://no-color.org)."""
    is_terminal = getattr(stream, "isatty", lambda: False)()
    return bool(is_terminal) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _usage(message: str, *, code: int = 2) -> int:
    print(f"mrlc: {message}", file=sys.stderr)
    return code


def shut(doors: Sequence[DoorShut]) -> int:
    """Of each plan the gates that are not earned, why, and the way through; the exit code."""
    for door in doors:
        count = f"{len(door.refusals)} gate{'' if len(door.refusals) == 1 else 's'}"
        print(f"mrlc: `{door.experiment}` has not earned its run: {count} to pass", file=sys.stderr)
        for one in door.refusals:
            print(f"  {one.code:<6}  {one.name}: {one.why}", file=sys.stderr)
        print(f"  = help: {door.command}", file=sys.stderr)
    waiver = f'gates: {{waive: {{{doors[0].refusals[0].code}: "why"}}}}'
    print(f"  = help: or leave a gate out for a reason, in the spec: {waiver}", file=sys.stderr)
    return 6


def _bug(error: Exception) -> int:
    """Keep the traceback in a file, and say where."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="mrlc-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        log.write(f"mrlc {' '.join(sys.argv[1:])}\nPython {sys.version}\n\n")
        traceback.print_exception(error, file=log)
    what = f"{type(error).__name__}: {error}".split("\n")[0]
    print(f"error[MRLC901]: internal error: {what}", file=sys.stderr)
    print(f"  = help: this is a fault of mrlc; please report it with {log.name}", file=sys.stderr)
    return 3
