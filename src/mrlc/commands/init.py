"""`mrlc init`: a new project, ready for review in git. It never overwrites a file.

With `--from-tools` the experiment is about the tools of an export, else about an order desk.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from mrlc import __version__
from mrlc.error_handler import UsageFault
from mrlc.schemas import json_schema

SCHEMA = "mrlc.schema.json"

AROUND = {
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".github/workflows/mrlc.yml": "workflow.yaml",
    ".github/actions/mrlc/action.yml": "action.yaml",
    ".vscode/settings.json": "settings.json",
    ".vscode/extensions.json": "extensions.json",
}
"""File of any project → file of `mrlc.scaffold`, whose names survive packaging without dots."""

DESK = {
    "specs/desk.yaml": "desk.yaml",
    "specs/desk/orders.csv": "orders.csv",
    "specs/desk/train.jsonl": "train.jsonl",
    "specs/desk/validation.jsonl": "validation.jsonl",
    "specs/desk/test.jsonl": "test.jsonl",
    "specs/desk/demonstrations.jsonl": "demonstrations.jsonl",
}
"""The same for the experiment that is written where no tools are given."""

TEMPLATES = AROUND | DESK
SHOWN = 40
"""Notes shown on what could not be imported."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where; made if it is not there")
    parser.add_argument(
        "--from-tools",
        type=Path,
        metavar="FILE",
        help="tools as they ship, JSON: a list of schemas, OpenAPI 3, MCP's tools/list, Bedrock's toolSpecs",
    )


def run(args: argparse.Namespace) -> int:
    """Write every file, or none if one is there already."""
    folder: Path = args.folder
    experiment, notes = _contents(DESK), list[str]()
    if args.from_tools is not None:
        experiment, notes = _imported(args.from_tools)
    contents = _contents(AROUND) | experiment | {SCHEMA: json_schema.text()}
    (spec,) = (Path(name).stem for name in experiment if Path(name).parent == Path("specs"))
    contents["README.md"] = contents["README.md"].replace("@SPEC@", spec)
    if taken := [name for name in contents if os.path.lexists(folder / name)]:
        print(f"mrlc: {folder} has these files already; nothing was written:", file=sys.stderr)
        print("".join(f"  {name}\n" for name in taken), end="", file=sys.stderr)
        return 1
    _write(folder, contents)
    for name in contents:
        print(folder / name)
    if notes:
        print("not as it ships, place by place:", *notes, sep="\n  ", file=sys.stderr)
    print(f"next: cd {folder} && git init && mrlc check", file=sys.stderr)
    return 0


def _contents(templates: Mapping[str, str]) -> dict[str, str]:
    """Files of a new project and their texts."""
    scaffold = files("mrlc") / "scaffold"
    return {
        name: (scaffold / template).read_text(encoding="utf-8").replace("@VERSION@", __version__)
        for name, template in templates.items()
    }


def _imported(file: Path) -> tuple[dict[str, str], list[str]]:
    """The experiment about the tools of an export, and lines on what it does not say.

    Raises:
        CompileFailed: the file is no export.
        UsageFault: it cannot be read, or is more than a spec takes.
    """
    from mrlc.compiler import rules
    from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Span
    from mrlc.compiler.imported import TooLarge, imported_project, listed
    from mrlc.compiler.production import NotAnExport, read_tools

    text = _text(file)
    try:
        files, notes = imported_project(text, read_tools(text), export=file.name)
    except TooLarge as error:
        raise UsageFault(f"{file}: {error}") from None
    except NotAnExport as error:
        lines = text.split("\n")
        shown = lines[error.line - 1] if error.line <= len(lines) else ""
        at = Span(
            str(file.resolve()), error.line, error.column, error.line, error.column + 1, shown
        )
        rules.load()  # where the code is entered
        raise CompileFailed([Diagnostic("MRLC338", str(error), at)]) from None
    return files, listed(notes, SHOWN)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageFault(f"cannot read {file}: {reason}") from None
    except UnicodeDecodeError as error:
        raise UsageFault(f"cannot read {file}: byte {error.start} is not UTF-8") from None


def _write(folder: Path, contents: dict[str, str]) -> None:
    """All of it; what was written is taken back if a file cannot be."""
    written: list[Path] = []
    try:
        for name, text in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                written.append(path)
                stream.write(text)
    except OSError as error:
        for path in written:
            path.unlink()
        where = error.filename or folder
        raise UsageFault(
            f"cannot write {where}: {(error.strerror or str(error)).lower()}"
        ) from None
