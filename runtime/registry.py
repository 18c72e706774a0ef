"""Kinds that register themselves: one short module a kind, found by its package.

A package states what its kinds have in common and holds `Registry(__name__)`; each
module beside it registers what it defines. Adding a kind adds a file and edits none.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

Kind = TypeVar("Kind")


class Registry(Generic[Kind]):
    """The kinds of one package, imported when they are first asked for."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._found: dict[str, Kind] = {}

    def register(self, name: str) -> Callable[[Kind], Kind]:
        """A decorator that files what it decorates under `name`."""

        def file_under(kind: Kind) -> Kind:
            if name in self._found:
                raise ValueError(f"`{name}` is registered twice in {self._package}")
            self._found[name] = kind
            return kind

        return file_under

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Name → kind, by the name of the module."""
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
        return self._found
