"""What all variants of a sweep share, worked out once.

A variant is the base with changes: the values it assigns, and the expressions that come out
otherwise. Nodes are frozen, so everything else is the base's own, and whatever was computed
from an unchanged section (its JSON text, its files, its positions) is not computed again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

from mrlc.compiler.files import InputFile
from mrlc.compiler.inputs import BASE, Inputs, collect
from mrlc.compiler.markers import marked
from mrlc.compiler.resolve import Merged, Resolved
from mrlc.compiler.sweep.expand import Variant
from mrlc.compiler.tree import Keys, Mapping, Node, plain, put
from mrlc.compiler.variables import Evaluated, Places, Values, expressions, values, variables_of
from mrlc.schemas.section import PromptMarker

Changes = dict[Keys, Node]


@dataclass(frozen=True)
class Overlaid:
    """A variant's tree, not yet validated."""

    changes: Changes
    evaluated: Evaluated
    inputs: Inputs


class Base:
    """A merged spec without its sweep."""

    def __init__(self, merged: Merged) -> None:
        self.merged = merged
        self.variables = variables_of(merged.experiment)
        self.rest = merged.experiment.without("vars")
        self.places = expressions(self.rest)
        self.values = values(self.variables, self.places)
        self.files: dict[str, InputFile] = {}
        """Every file that any variant names."""
        self.evaluated = merged.of(
            Evaluated(
                overlay(self.rest, self.values.nodes), self.values.faults, self.values.unevaluated
            )
        )
        self.inputs = collect(self.resolved(self.evaluated), self.files)

    def resolved(self, evaluated: Evaluated) -> Resolved:
        """An evaluated tree as a resolved spec."""
        return Resolved(evaluated, self.merged.spec, self.merged.root)

    def overlaid(self, variant: Variant) -> Overlaid:
        """The base with a variant's values in place."""
        assigned = {tuple(path.split(".")): node for path, node in variant.assigned.items()}
        found = self._values(assigned)
        changes: Changes = {
            path: node for path, node in found.nodes.items() if node != self.values.nodes[path]
        }
        changes |= {path: node for path, node in assigned.items() if path[0] != "vars"}
        tree = overlay(self.evaluated.tree, changes)
        evaluated = self.merged.of(Evaluated(tree, found.faults, found.unevaluated))
        if any(_names_files(path) for path in changes):
            return Overlaid(changes, evaluated, collect(self.resolved(evaluated), self.files))
        tree = overlay(self.inputs.tree, changes)
        return Overlaid(changes, evaluated, Inputs(self.inputs.files, tree, self.inputs.faults))

    def _values(self, assigned: Changes) -> Values:
        """What the base's expressions give, those that a variant replaces left out."""
        places: Places = {
            path: scalar
            for path, scalar in self.places.items()
            if not any(path[: len(above)] == above for above in assigned)
        }
        swept = {path[1:]: node for path, node in assigned.items() if path[0] == "vars"}
        if swept and self.variables is not None:
            return values(overlay(self.variables, swept), places)
        dotted = {".".join(path) for path in self.places if path not in places}
        return Values(
            {path: self.values.nodes[path] for path in places},
            tuple(fault for fault in self.values.faults if fault.path not in dotted),
            self.values.unevaluated - dotted,
        )

    @cached_property
    def texts(self) -> dict[int, str]:
        """The JSON text of each section, by the identity of its node, which lives as long."""
        tree = self.inputs.tree
        return {id(entry.value): json.dumps(plain(entry.value)) for entry in tree.entries.values()}

    def spelled(self, tree: Mapping) -> dict[str, str]:
        """The JSON text of each section of a variant's tree."""
        return {
            key: self.texts.get(id(entry.value)) or json.dumps(plain(entry.value))
            for key, entry in tree.entries.items()
        }


def overlay(tree: Node, changes: Changes) -> Mapping:
    """The tree with every change in place."""
    for path, node in changes.items():
        tree = put(tree, path, node)
    assert isinstance(tree, Mapping)
    return tree


def _names_files(path: Keys) -> bool:
    """Whether a change may change which files are read."""
    return any(
        all(wanted in ("*", key) for key, wanted in zip(path, pattern, strict=False))
        for pattern in (
            BASE,
            *(at for at, marker in marked() if not isinstance(marker, PromptMarker)),
        )
        if path[0] == pattern[0]
    )
