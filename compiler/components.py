"""What is known of each kind of component before any episode: all that bounds and rules rest on.

A kind that is not in the table may have any value from 0 to 1, answered or not, and is taken to
tell right answers from wrong ones. Equal declarations have equal values, whatever they weigh.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mrlc.compiler.canonical import spelled
from mrlc.schemas import components as kinds
from mrlc.schemas.components import pays_by_turn
from mrlc.schemas.reward import Component

Rule = tuple[str, str]
"""A component's kind, and what it reads: equal rules have equal values."""

COMMON = frozenset({"kind", "name", "weight", "requires", "because"})
"""Fields of a declaration that do not change what is computed."""


class Known(NamedTuple):
    """Of one component."""

    reads_answer: bool = False
    """Whether it is 0 where there is no valid answer."""
    is_given: bool = False
    """Whether it is 1 wherever there is one."""
    below: float = 1.0
    """The largest value under 1, or the least bound of those: 0 where it is all or nothing."""
    right_at: str | None = None
    """The column that makes it 1 when the answer equals the column's value exactly."""
    tells_right: bool = True
    """Whether a right answer can earn what a wrong one of the same form does not."""


FORM = Known(reads_answer=True, below=0.0, tells_right=False)


def known(component: Component) -> Known:
    """What is known of a component."""
    about = KINDS.get(component.kind)
    return about(component) if about else Known()


def rule_of(component: Component) -> Rule:
    """What a component computes, whatever it is called and weighs."""
    said = component.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    said = {name: value for name, value in said.items() if name not in COMMON}
    if len(said) == 1 and isinstance(only := next(iter(said.values())), str):
        return (component.kind, only)
    return (component.kind, spelled(said) if said else "")


def _whole(component: kinds.FieldAccuracy | kinds.Fuzzy) -> Known:
    field = getattr(component, "field", None)
    return Known(reads_answer=True, right_at=_right_at(component.against, field))


def _exact(component: kinds.Exact) -> Known:
    return Known(reads_answer=True, below=0.0, right_at=component.against)


def _numeric(component: kinds.Numeric) -> Known:
    right_at = _right_at(component.against, component.field)
    return Known(reads_answer=True, below=1.0 if component.partial else 0.0, right_at=right_at)


def _contains(component: kinds.Contains) -> Known:
    return Known(
        reads_answer=True, below=0.0, right_at=_right_at(component.against, component.field)
    )


def _one_of(component: kinds.OneOf) -> Known:
    return Known(reads_answer=True, below=0.0, tells_right=component.against is not None)


def _tool_called(component: kinds.ToolCalled) -> Known:
    parts = component.min_times if pays_by_turn(component) else 1
    is_of_task = any(str(value).startswith("task.") for value in component.arguments.values())
    return Known(below=(parts - 1) / parts, tells_right=is_of_task)


def _right_at(against: str, field: str | None) -> str | None:
    """The column of the whole answer: its own part `field` is what is compared."""
    if field is None:
        return against
    above, _, last = against.rpartition(".")
    return above if last == field and above != "task" else None


KINDS: dict[str, Callable[[Any], Known]] = {
    "exact": _exact,
    "field_accuracy": _whole,
    "numeric": _numeric,
    "one_of": _one_of,
    "regex": lambda _: FORM,
    "json_schema": lambda _: FORM,
    "contains": _contains,
    "fuzzy": _whole,
    "answered": lambda _: FORM._replace(is_given=True),
    "tool_called": _tool_called,
}
"""By kind; `python` is not known at all."""
