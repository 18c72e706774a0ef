"""`mrlc init`: a new project, ready for review in git. It never overwrites a file."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.resources import files
from pathlib import Path

from mrlc import __version__
from mrlc.error_handler import UsageFault
from mrlc.schemas import json_schema

SCHEMA = "mrlc.schema.json"

TEMPLATES = {
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".pre-commit-config.yaml": "pre-commit-config.yaml",
    ".github/workflows/mrlc.yml": "workflow.yaml",
    ".github/actions/mrlc/action.yml": "action.yaml",
    ".vscode/settings.json": "settings.json",
    ".vscode/extensions.json": "extensions.json",
    "specs/desk.yaml": "desk.yaml",
    "specs/desk/orders.csv": "orders.csv",
    "specs/desk/train.jsonl": "train.jsonl",
    "specs/desk/validation.jsonl": "validation.jsonl",
    "specs/desk/test.jsonl": "test.jsonl",
    "specs/desk/demonstrations.jsonl": "demonstrations.jsonl",
}
"""File of the project → file of `mrlc.scaffold`, whose names survive packaging without dots."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where; made if it is not there")


def run(args: argparse.Namespace) -> int:
    """Write every file, or none if one is there already."""
    contents = _contents()
    folder: Path = args.folder
    if taken := [name for name in contents if os.path.lexists(folder / name)]:
        print(f"mrlc: {folder} has these files already; nothing was written:", file=sys.stderr)
        print("".join(f"  {name}\n" for name in taken), end="", file=sys.stderr)
        return 1
    _write(folder, contents)
    for name in contents:
        print(folder / name)
    print(f"next: cd {folder} && git init && mrlc check", file=sys.stderr)
    return 0


def _contents() -> dict[str, str]:
    """Every file of a new project and its text."""
    scaffold = files("mrlc") / "scaffold"
    texts = {
        name: (scaffold / template).read_text(encoding="utf-8").replace("@VERSION@", __version__)
        for name, template in TEMPLATES.items()
    }
    return {**texts, SCHEMA: json_schema.text()}


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
