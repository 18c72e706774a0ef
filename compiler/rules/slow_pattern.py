"""Patterns of parameters and components: they compile, and they end."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from re import _parser  # type: ignore[attr-defined]  # the only parser of Python's own syntax
from typing import Any

from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.schemas.components import Regex

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
FORM = "{name: form, kind: regex, field: job, pattern: PATTERN, weight: 0.1}"
BIKE = "bike: {type: string}"
MANY = 16
"""Repetitions from which on a loop counts as unbounded."""


@rule(
    "MRLC215",
    "bad-pattern",
    bad=(Edit(BIKE, 'bike: {type: string, pattern: "[0-9"}'),),
    good=(Edit(BIKE, 'bike: {type: string, pattern: "^[0-9]+$"}'),),
)
def patterns_compile(subject: Subject) -> Iterator[Finding]:
    """The `pattern` of a parameter or a component is not a regular expression.

    Every call of the tool, or every answer, would fail on it, in the middle of a run.

    Write Python's syntax, in single quotes where it has a backslash.
    """
    for path, pattern in (*_patterns(subject), *_paid(subject)):
        if (reason := _fault(pattern)) is not None:
            yield Finding(path, f"not a regular expression: {reason}")


@rule(
    "MRLC524",
    "slow-pattern",
    severity="warning",
    bad=(Edit(BIKE, 'bike: {type: string, pattern: "^([0-9]+)*$"}'),),
    good=(Edit(BIKE, 'bike: {type: string, pattern: "^[0-9]*$"}'),),
)
def patterns_end(subject: Subject) -> Iterator[Finding]:
    """A parameter's `pattern` repeats what repeats, and may take exponential time.

    On a text that nearly matches, each way of cutting it is tried: thirty characters take
    minutes. A model under training writes such texts, and its episode hangs.

    Repeat once: `[0-9]*` in place of `([0-9]+)*`.
    """
    for path, pattern in _patterns(subject):
        if _fault(pattern) is None and _nests(_parser.parse(pattern), inside=False):
            message = f"`{pattern}` repeats what already repeats: it may take exponential time"
            yield Finding(path, message, help="take one of the two repetitions out")


@rule(
    "MRLC589",
    "slow-paid-pattern",
    bad=(Edit(POLITE, FORM.replace("PATTERN", '"([0-9]+)*"')),),
    good=(Edit(POLITE, FORM.replace("PATTERN", '"[0-9]*"')),),
)
def paid_patterns_end(subject: Subject) -> Iterator[Finding]:
    """The `pattern` of a reward's component repeats what repeats: it may take exponential time.

    It is matched against what a model writes under pressure to earn, with no time-out around it,
    so one answer can stop a run.

    Repeat once: `[0-9]*` in place of `([0-9]+)*`.
    """
    for path, pattern in _paid(subject):
        if _fault(pattern) is None and _nests(_parser.parse(pattern), inside=False):
            message = f"`{pattern}` repeats what already repeats: it may take exponential time"
            yield Finding(path, message, help="take one of the two repetitions out")


def _paid(subject: Subject) -> Iterator[tuple[str, str]]:
    """The patterns of the reward's components."""
    for index, component in enumerate(subject.experiment.reward.components):
        if isinstance(component, Regex):
            yield f"reward.components.{index}.pattern", component.pattern


def _patterns(subject: Subject) -> Iterator[tuple[str, str]]:
    for at, tool in subject.experiment.environment.every_tool():
        for name, parameter in tool.parameters.items():
            for path, value in parameter.every_value(f"{at}.parameters.{name}"):
                if value.pattern is not None:
                    yield f"{path}.pattern", value.pattern


def _fault(pattern: str) -> str | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except re.error as error:
        return error.msg
    except (RecursionError, OverflowError):
        return "it is too deep or too large"
    return None


def _nests(node: Any, *, inside: bool) -> bool:
    """Whether an unbounded repetition holds another one that is not fenced by a fixed text.

    In `(a+b)*` the b tells where one round ends, so there is one way to cut a text.
    """
    for operator, argument in node:
        name = str(operator)
        if name in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = argument
            loops = most >= MANY
            if loops and inside:
                return True
            if _nests(body, inside=loops and _is_all_loop(body)):
                return True
        elif any(_nests(part, inside=inside) for part in _parts(name, argument)):
            return True
    return False


def _is_all_loop(body: Any) -> bool:
    """Whether a body holds nothing but a repetition, through any groups around it."""
    items = list(body)
    if len(items) != 1:
        return False
    name, argument = str(items[0][0]), items[0][1]
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        return True
    return any(_is_all_loop(part) for part in _parts(name, argument))


def _parts(name: str, argument: Any) -> list[Any]:
    """The patterns inside a node."""
    if name == "SUBPATTERN":
        return [argument[-1]]
    if name == "BRANCH":
        return list(argument[1])
    if name in ("ASSERT", "ASSERT_NOT"):
        return [argument[1]]
    return []
