"""When two texts are the same to a reader, and when nearly.

Same: equal after Unicode compatibility folding (NFKC), case folding and joining of white space.

Near: seven tenths of their three-word shingles are shared, and their numbers and identifiers are
the same ones. Generated tasks differ by a number in one sentence, rightly; a paraphrase keeps
the number. Short texts are never near, as one word is then a large part.

Near texts are found by MinHash (Broder 1997): of two texts whose shingles agree by a share s,
one of the B smallest hashes agrees with high probability, so only texts that share one are
compared, and at most `CANDIDATES` of them: the cost stays linear in the texts.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

SHINGLE = 3
"""Words of a shingle."""
LEAST_WORDS = 12
"""Words of the shortest text that can be near another."""
NEAR = 0.7
"""Share of shingles in common, from which on texts are near."""
BANDS = 8
"""Smallest hashes under which a text is filed."""
CANDIDATES = 16
"""Texts of one hash that are compared."""


def normal(text: str) -> str:
    """The text as a reader compares it."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=65536)
def shingles(text: str) -> frozenset[int]:
    """Hashes of the runs of words of a normal text; none of a short one."""
    words = re.findall(r"\w+", text)
    if len(words) < LEAST_WORDS:
        return frozenset()
    runs = (" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1))
    return frozenset(zlib.crc32(run.encode("utf-8", "replace")) for run in runs)


def identifiers(text: str) -> tuple[str, ...]:
    """The words of a text that hold a digit, sorted."""
    return tuple(sorted(re.findall(r"\w*\d\w*", text)))


def are_near(left: str, right: str) -> bool:
    """Whether two normal texts nearly repeat one another."""
    one, other = shingles(left), shingles(right)
    shared = len(one & other) / max(1, len(one | other))
    return shared >= NEAR and identifiers(left) == identifiers(right)


@dataclass
class Likeness:
    """Normal texts, filed so that those near a new one are found without reading all."""

    filed: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, texts: Iterable[str]) -> None:
        """File texts."""
        for text in texts:
            for key in self._keys(text):
                if len(self.filed[key]) < CANDIDATES:
                    self.filed[key].append(text)

    def near(self, text: str) -> Iterator[str]:
        """The filed texts that are near, but not the same."""
        found = dict.fromkeys(one for key in self._keys(text) for one in self.filed.get(key, ()))
        return (one for one in found if one != text and are_near(one, text))

    def _keys(self, text: str) -> list[int]:
        return sorted(shingles(text))[:BANDS]
