"""What the schema cannot say: rules across sections and against the files.

A rule is a function from a `Subject` to what it finds, in a module of this package that no
other file names. What it sees fits the schema and names files that exist: where a spec has other
faults, it sees the rest (`mrlc.compiler.salvage`) and ends where it reads what is at fault. It is
independent of all other rules and of their order. There are two ways to register one:

    @rule    one code, whose name, severity, page and examples stand beside the function;
             the first paragraph of its docstring is the summary, the rest the page
    @check   any codes of the table in `codes`, whose pages lie in `pages`

An error is what is surely wrong. What may be meant is a warning, shown and not refused.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from mrlc.compiler.codes import Code, register
from mrlc.compiler.diagnostics import Diagnostic, Label, Severity, Span
from mrlc.compiler.example import Edit, Example
from mrlc.compiler.page import Page
from mrlc.compiler.subject import Subject
from mrlc.schemas.section import Unsound

__all__ = [
    "PAGES",
    "Edit",
    "Finding",
    "Label",
    "Subject",
    "check",
    "checks",
    "findings",
    "load",
    "rule",
    "run",
]


@dataclass(frozen=True)
class Finding:
    """What a rule found: a diagnostic without its code."""

    path: str
    """Dotted path of the value that is to blame."""
    message: str
    label: str = ""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    at: Span | None = None
    """Its place, where it is not that of the value."""


Check = Callable[[Subject], Iterable[Diagnostic]]
Rule = Callable[..., Iterable[Finding]]
"""Of a subject; and of a section's name, where it is asked of each."""

PAGES: dict[str, Page] = {}
"""The pages of the codes that rules have registered."""
_CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """Register a function that yields diagnostics of its own."""
    _CHECKS.append(function)
    return function


def rule(
    code: str,
    name: str,
    *,
    bad: Example,
    good: Example,
    severity: Severity = "error",
    each: Sequence[str] = (),
) -> Callable[[Rule], Rule]:
    """Register a rule under a code of its own; with `each`, to be asked of these sections one by one.

    A rule that looks at everything in sight is asked of each section, so that a sweep, which looks
    again only where something has changed, looks at little.
    """

    def registered(function: Rule) -> Rule:
        summary, _, why = (inspect.getdoc(function) or name).partition("\n\n")
        register(code, Code(name, " ".join(summary.split())))
        PAGES[code] = Page(why, bad, good)

        def asked(*section: str) -> Check:
            return lambda subject: (
                _diagnostic(code, severity, found, subject) for found in function(subject, *section)
            )

        _CHECKS.extend(asked(section) for section in each) if each else _CHECKS.append(asked())
        return function

    return registered


def _diagnostic(code: str, severity: Severity, found: Finding, subject: Subject) -> Diagnostic:
    span = found.at or subject.value(found.path)
    return Diagnostic(
        code, found.message, span, found.label, found.labels, found.help, found.path, severity
    )


@cache
def load() -> None:
    """Import every module of this package, so that its rules and codes are known."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def checks() -> Sequence[Check]:
    """Every rule, as a function to diagnostics."""
    load()
    return _CHECKS


def run(subject: Subject) -> list[Diagnostic]:
    """What all rules find, errors and warnings."""
    return [fault for one in checks() for fault in findings(one, subject)]


def findings(one: Check, subject: Subject) -> list[Diagnostic]:
    """What a rule finds; in a salvaged spec, as far as the rule comes."""
    found: list[Diagnostic] = []
    with suppress(Unsound):
        found.extend(one(subject))
    return found
