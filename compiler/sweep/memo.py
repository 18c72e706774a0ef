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
        keys = _Keys(values)
        return [fault for check in checks() for fault in self.one(check, subject, keys)]

    def one(self, check: Check, subject: Subject, keys: _Keys) -> list[Diagnostic]:
        known = self.known.setdefault(check, {})
        for read, found in known.items():
            if (faults := found.get(keys[read])) is not None:
                return faults
        watched = _Watched(subject)
        faults = findings(check, watched)
        read = tuple(sorted({_FILES, *(watched.read)}))
        known.setdefault(read, {})[keys[read]] = faults
        return faults


class _Keys(dict[tuple[str, ...], tuple[Any, ...]]):
    """What a variant has in some sections, by their names; many checks read the same ones."""

    def __init__(self, values: Mapped[str, str]) -> None:
        super().__init__()
        self.values_by_section = values

    def __missing__(self, read: tuple[str, ...]) -> tuple[Any, ...]:
        self[read] = tuple(self.values_by_section.get(section) for section in read)
        return self[read]


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
