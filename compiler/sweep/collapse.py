"""The faults of many variants, each said once.

Faults are the same if they have one code, place and path: a fault of the base is found in every
variant and reported once; one of an axis value stands at that value, with the first variant
that has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mrlc.compiler.diagnostics import Diagnostic

_Key = tuple[object, ...]


@dataclass
class _Found:
    fault: Diagnostic
    label: str
    count: int = 0


class Collapsed:
    """Faults, gathered variant by variant."""

    def __init__(self) -> None:
        self.found: dict[_Key, _Found] = {}

    def add(self, label: str, faults: Iterable[Diagnostic]) -> None:
        """Enter the faults of one variant."""
        seen = Counter[_Key]()  # two faults of one variant at one place stay two
        for fault in dict.fromkeys(faults):
            key = (fault.code, fault.span, fault.path)
            seen[key] += 1
            self.found.setdefault((*key, seen[key]), _Found(fault, label)).count += 1

    def faults(self, total: int) -> Iterator[Diagnostic]:
        """Each fault, with the variants that it is in, of `total`."""
        for found in self.found.values():
            more = found.count - 1
            if found.count == total:
                where = f"and {more:,} more variant{'' if more == 1 else 's'}" if more else ""
            else:
                where = f"variant {found.label}" + (f" and {more:,} more" if more else "")
            message = f"{found.fault.message} ({where})" if where else found.fault.message
            yield replace(found.fault, message=message)
