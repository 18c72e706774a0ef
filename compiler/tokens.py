"""How many tokens a text takes, without a tokenizer: bounds that hold for any of its kind.

The built-in tokenizer splits a text as `PIECES` says and never joins two pieces, so a text has
at least as many tokens as pieces; byte-level BPE never gives more tokens than bytes. Published
tokenizers join at most a word and the space before it, nearly always.
"""

from __future__ import annotations

import re

_TINY = re.compile(r"\d| ?[A-Za-z_]+|[^A-Za-z\d]+?(?=[ ]?[A-Za-z\d]|$)")
"""The pieces of runtime/model/tiny.py, which the compiler may not import."""


def at_least(text: str, *, is_tiny: bool) -> int:
    """Tokens that a text surely takes."""
    return len(_TINY.findall(text)) if is_tiny else len(text.split())


def at_most(text: str) -> int:
    """Tokens that a text surely does not exceed."""
    return len(text.encode())


def about(text: str) -> int:
    """Tokens that a text takes more or less: four bytes each."""
    return -(-len(text.encode()) // 4)
