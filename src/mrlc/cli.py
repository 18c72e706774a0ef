"""The command line: a table of commands, each in a module that loads when it is used.

A module of `mrlc.commands` has `add_arguments(parser)` and `run(args) -> exit code`. This
file and `mrlc --help` load neither pydantic, rich nor torch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from mrlc import __version__
from mrlc.error_handler import guard

COMMANDS = {
    "compile": "turn specs into plans under build/",
    "check": "find the faults of specs, write nothing",
    "sweep": "list the variants of a spec, and what is left out",
    "plan": "show what a change of specs means, against a commit",
    "lock": "pin what only the network knows, and the held-out tasks",
    "init": "lay out a new project with its review in git",
    "gate": "show that environment, reward and evaluation have earned a run",
    "run": "train and evaluate a plan on this machine",
    "evaluate": "measure weights as a plan does, or rescore stored episodes",
    "submit": "send compiled jobs to SageMaker, each once",
    "report": "replay the rules of alerts over a run",
    "status": "show how submitted jobs stand",
    "logs": "print what a job prints",
    "stop": "stop a job, with a checkpoint",
    "pull": "fetch what a job has left, the model first",
    "policy": "print the least permissions that caller and role need",
    "local-sagemaker": "serve SageMaker's training jobs on this machine, to try a job out",
    "explain": "say what a code means, or where a value comes from",
    "schema": "print the JSON Schema of a spec, for editors",
}
"""Every command with its one line of help."""


class Command(Protocol):
    """What a module of `mrlc.commands` offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the one of docs: 0 ok, 1 findings, 2 usage, 3 our bug."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return guard(lambda: _main(arguments))


def _main(arguments: list[str]) -> int:
    chosen = arguments[0] if arguments else None
    if chosen is not None and not chosen.startswith("-") and chosen not in COMMANDS:
        return _unknown(chosen)
    command = _load(chosen) if chosen in COMMANDS else None
    parser, subparsers = _parser()
    if command is not None:
        command.add_arguments(subparsers[str(chosen)])
    args, unknown = parser.parse_known_args(arguments)
    if unknown:
        _refuse(unknown, subparsers.get(str(chosen), parser))
    if command is None:
        parser.print_help()
        return 2
    return command.run(args)


def _load(name: str) -> Command:
    return cast(Command, import_module(f"mrlc.commands.{name.replace('-', '_')}"))


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="mrlc",
        description="The Multi-turn RL Compiler: one spec, checked before it costs, to a better agent.",
    )
    parser.add_argument("--version", action="version", version=f"mrlc {__version__}")
    table = parser.add_subparsers(title="commands", metavar="COMMAND")
    return parser, {
        name: table.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        for name, text in COMMANDS.items()
    }


def _refuse(unknown: Sequence[str], parser: argparse.ArgumentParser) -> None:
    """End as argparse does, with the usage of the command that was called and the nearest option."""
    from difflib import get_close_matches

    known = [option for action in parser._actions for option in action.option_strings]
    near = get_close_matches(unknown[0].partition("=")[0], known, n=1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")


def _unknown(name: str) -> int:
    from difflib import get_close_matches

    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean `mrlc {near[0]}`?" if near else f"there is {', '.join(COMMANDS)}"
    print(f"mrlc: unknown command `{name}`; {hint}", file=sys.stderr)
    return 2
