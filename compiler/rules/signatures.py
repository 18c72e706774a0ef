"""Functions of the user take what they are called with.

Only what the text of a file settles is said: a plain `def` or `async def` at the top, without
decorators, that nothing else in the file gives another value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mrlc.compiler.diagnostics import Span
from mrlc.compiler.files import InputFile
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.suggest import nearest
from mrlc.schemas.components import PythonComponent
from mrlc.schemas.evaluation import PythonScorer
from mrlc.schemas.tools import Parameter

BOOK = '      sql: {state: shop, write: "INSERT INTO visits VALUES (:day)"}\n'
BY_PYTHON = Edit(BOOK, '      python: "rewards.py:book"\n')
SHORT = Edit("{human: 2}", "{human: 2, max_tokens: 128}")
CODE = "specs/rewards.py"
POLITE = "def polite(outcome):\n    return 1.0\n"
EPISODE = "episode"
"""A parameter of this name gets the episode, where the tool declares no argument of it."""


@dataclass(frozen=True)
class Function:
    """A function as its file defines it."""

    name: str
    arguments: ast.arguments
    span: Span
    keyword: str
    """`def` or `async def`."""

    @property
    def named(self) -> list[str]:
        """The parameters that may be given by name."""
        return [one.arg for one in (*self.arguments.args, *self.arguments.kwonlyargs)]

    @property
    def needed(self) -> list[str]:
        """Those that have no default, `/` or not."""
        of = self.arguments
        placed = [*of.posonlyargs, *of.args]
        by_name = [
            one.arg for one, value in zip(of.kwonlyargs, of.kw_defaults, strict=True) if not value
        ]
        return [one.arg for one in placed[: len(placed) - len(of.defaults)]] + by_name


@rule(
    "MRLC349",
    "unfit-function",
    bad=(BY_PYTHON, SHORT, Edit(POLITE, f"{POLITE}\n\ndef book(date):\n    return 1\n", CODE)),
    good=(BY_PYTHON, SHORT, Edit(POLITE, f"{POLITE}\n\ndef book(day):\n    return 1\n", CODE)),
)
def functions_take_what_they_are_given(subject: Subject) -> Iterator[Finding]:
    """A Python function does not take what it is called with.

    A tool's function gets the tool's arguments by name, those with `required: false` only where a
    call has them, and the episode as `episode` if it has such a parameter. A component, a scorer
    and a parser of answers get one argument, a simulated user two: the task and the messages.

    Give the function the parameters that the spec declares, or correct the spec. What a decorator
    makes of a function shows only when it runs.
    """
    for path, tool in subject.experiment.environment.every_tool():
        if tool.python and (function := _function(subject, tool.python)):
            yield from _of_tool(subject, path, function, tool.parameters)
    for path, reference, given in _called_by_place(subject):
        if function := _function(subject, reference):
            yield from _of_place(path, function, given)


def _called_by_place(subject: Subject) -> Iterator[tuple[str, str, Sequence[str]]]:
    """The other functions: where, which, and what each is called with."""
    spec = subject.experiment
    for index, component in enumerate(spec.reward.components):
        if isinstance(component, PythonComponent):
            yield f"reward.components.{index}.python", component.python, ["trajectory"]
    if isinstance(spec.evaluation.scorer, PythonScorer):
        yield "evaluation.scorer.python", spec.evaluation.scorer.python, ["trajectory"]
    if spec.environment.answer.python:
        yield "environment.answer.python", spec.environment.answer.python, ["text"]
    if spec.environment.user and spec.environment.user.python:
        yield "environment.user.python", spec.environment.user.python, ["task", "messages"]


def _of_tool(
    subject: Subject, path: str, function: Function, declared: Mapping[str, Parameter]
) -> Iterator[Finding]:
    called = f"{function.name}({_written(function, declared)})"
    help = f"write it as `{function.keyword} {called}`, or declare what it takes"
    labels = (Label(function.span, "its parameters"),)
    required = {name for name, one in declared.items() if one.required}
    given = {*declared, EPISODE}
    takes_all = function.arguments.kwarg is not None
    unfilled = [name for name in function.needed if name not in given]
    for name in declared:
        at = f"{path}.parameters.{name}"
        if not (takes_all or name in function.named):
            near = nearest(name, unfilled) or (unfilled[0] if unfilled else None)
            if near is not None:
                unfilled.remove(near)  # one mistake: the two have different names
            message = f"`{function.name}` does not take `{name}`"
            if name in {one.arg for one in function.arguments.posonlyargs}:
                message += " by name"
            label = f"it takes `{near}`" if near else ""
            yield Finding(at, message, label, labels, help, subject.name(at))
        elif name in function.needed and name not in required:
            message = f"`{function.name}` needs `{name}`, which a call may leave out"
            more = f"give it a default, `{name}=None`, or remove `required: false`"
            yield Finding(at, message, "", labels, more, subject.name(at))
    for name in unfilled:
        message = f"`{function.name}` needs `{name}`, which the tool does not declare"
        yield Finding(f"{path}.python", message, "", labels, help)


def _written(function: Function, declared: Mapping[str, Parameter]) -> str:
    """The parameters of a function that fits: those that a call may leave out come last."""
    must = [name for name, one in declared.items() if one.required]
    may = [f"{name}=None" for name, one in declared.items() if not one.required]
    takes_episode = EPISODE in function.named and EPISODE not in declared
    return ", ".join([*must, *([EPISODE] if takes_episode else []), *may])


def _of_place(path: str, function: Function, given: Sequence[str]) -> Iterator[Finding]:
    of = function.arguments
    placed = [*of.posonlyargs, *of.args]
    by_name = [name for name in function.needed if name in {one.arg for one in of.kwonlyargs}]
    least = len(placed) - len(of.defaults)
    if least <= len(given) and (of.vararg or len(placed) >= len(given)) and not by_name:
        return
    count = "one argument" if len(given) == 1 else "two arguments"
    message = (
        f"`{function.name}` does not take {count}, {' and '.join(f'`{one}`' for one in given)}"
    )
    labels = (Label(function.span, "its parameters"),)
    help = f"write it as `{function.keyword} {function.name}({', '.join(given)})`"
    yield Finding(path, message, "", labels, help)


def _function(subject: Subject, reference: str) -> Function | None:
    """What a reference names, where the text settles it."""
    key, _, name = reference.partition(":")
    file = subject.files.get(key)
    if file is None or isinstance(module := file.module, Exception):
        return None  # the file is at fault
    found = [one for one in module.body if _defines(one, name)]
    if len(found) != 1 or _is_rebound(module, name):
        return None
    node = found[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    return None if node.decorator_list else Function(name, node.args, _head(file, node), keyword)


def _defines(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name


def _is_rebound(module: ast.Module, name: str) -> bool:
    """Whether anything but one definition may give the name a value, or another signature."""
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.ImportFrom | ast.Import) and any(
            (one.asname or one.name) in (name, "*") for one in node.names
        ):
            return True
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and re.fullmatch("__.+__", node.attr)
        ):
            return True  # such as `__signature__`
    return [getattr(node, "name", None) for node in ast.walk(module)].count(name) != 1


def _head(file: InputFile, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Span:
    """The function's name where it is defined."""
    lines = file.text.split("\n")
    text = lines[min(node.lineno, len(lines)) - 1].rstrip("\r")
    column = max(text.find(node.name, node.col_offset), 0) + 1
    return Span(str(file.path), node.lineno, column, node.lineno, column + len(node.name), text)
