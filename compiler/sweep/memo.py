"""Checks, run again only where what they read has changed.

A check sees a subject that notes which sections of the spec it reads. When a later variant has
the same values in those sections, the faults are those found before: 1,000 variants of a
learning rate do not look through the data 1,000 times. Files are the same for all variants of
a compile, so a section that names them stands for their content.
"""

from __future__ import annotations

from collections.abc import Mapping as Mapped
from typing import Any, cast

from mrlc.compiler.diagnostics import Diagnostic, Span
from mrlc.compiler.rules import Check, checks, findings
from mrlc.compiler.subject import Subject
from mrlc.compiler.tree import Keys, Scalar
from mrlc.schemas import Experiment

_FILES = "files"
"""Beside the sections: the set of files, which every check may read."""


class Memo:
    """The faults that checks have found, by what they read."""

    def __init__(self) -> None:
        self.known: dict[Check, dict[tuple[str, ...], dict[tuple[Any, ...], list[Diagnostic]]]] = {}

    def run(self, subject: Subject, texts: Mapped[str, str]) -> list[Diagnostic]:
        """The faults that all checks find; `texts` spells the sections of the subject's tree."""
        values = {**texts, _FILES: "\0".join(subject.files)}
        return [fault for check in checks() for fault in self.one(check, subject, values)]

    def one(self, check: Check, subject: Subject, values: Mapped[str, str]) -> list[Diagnostic]:
        known = self.known.setdefault(check, {})
        for read, found in known.items():
            key = tuple(values.get(section) for section in read)
            if key in found:
                return found[key]
        watched = _Watched(subject)
        faults = findings(check, watched)
        read = tuple(sorted({_FILES, *(watched.read)}))
        known.setdefault(read, {})[tuple(values.get(section) for section in read)] = faults
        return faults


_SECTIONS = frozenset(field.alias or name for name, field in Experiment.model_fields.items())


class _WatchedExperiment:
    """An experiment that notes which of its sections are asked for."""

    def __init__(self, experiment: Experiment, read: set[str]) -> None:
        self._experiment, self._read = experiment, read

    def __getattr__(self, name: str) -> Any:
        self._read.update({name} if name in _SECTIONS else _SECTIONS)
        return getattr(self._experiment, name)


class _Watched(Subject):
    """A subject that notes which sections are asked for; the whole tree is all of them."""

    def __init__(self, subject: Subject) -> None:
        self.__dict__.update(vars(subject), subject=subject, read=set())
        read: set[str] = self.__dict__["read"]
        self.__dict__["experiment"] = _WatchedExperiment(subject.experiment, read)

    def __getattribute__(self, name: str) -> Any:
        if name == "tree":
            self.read.update(_SECTIONS)
        return super().__getattribute__(name)

    def _section(self, path: str) -> Subject:
        self.read.add(path.partition(".")[0])
        return cast(Subject, self.subject)

    def name(self, path: str) -> Span:
        return self._section(path).name(path)

    def value(self, path: str) -> Span:
        return self._section(path).value(path)

    def scalar(self, path: str) -> Scalar | None:
        return self._section(path).scalar(path)

    def select(self, pattern: Keys) -> Any:
        return self._section(pattern[0]).select(pattern)
