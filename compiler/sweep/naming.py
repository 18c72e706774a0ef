"""What a variant is called.

The label says its values, `lr=1e-05,group_size=4`, each path cut to the shortest end that no
other axis has. The slug, `lr-1e-05-group_size-4`, names its folder. Both depend on the axes and
on the variant's own values alone: another value on an axis renames nothing.

A slug that had to leave something out, or is too long, ends in digits of a digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from mrlc.compiler.sweep.axes import Assigned, spelled
from mrlc.compiler.tree import Node, Scalar

MAX_NAME = 48
"""Of an experiment, in the schema."""
MAX_SLUG = 96
"""Of a folder, which file systems hold to 255 bytes."""
MAX_SHOWN = 32
"""Code points of a value in a label."""

_WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_NUMBER = re.compile(r"\d+(\.\d+)?(e-?\d+)?")
_SHOWN = re.compile(r"[\w./:+-]+")


def short_paths(paths: Iterable[str]) -> dict[str, str]:
    """Each path by its shortest end that is no end of another."""
    known = list(paths)
    return {path: _short(path, [other for other in known if other != path]) for path in known}


def _short(path: str, others: list[str]) -> str:
    keys = path.split(".")
    for start in range(len(keys) - 1, 0, -1):
        end = ".".join(keys[start:])
        if not any(f".{other}".endswith(f".{end}") for other in others) and not end.isdigit():
            return end
    return path


def label(assigned: Assigned, short: dict[str, str]) -> str:
    """The values of a variant, for a person."""
    return ",".join(f"{short[path]}={_shown(node)}" for path, node in assigned.items())


def _shown(node: Node) -> str:
    if not isinstance(node, Scalar) or isinstance(node.value, str):
        text = str(node.value) if isinstance(node, Scalar) else ""
        if _SHOWN.fullmatch(text) and len(text) <= MAX_SHOWN:
            return text
        return f"#{_digest(spelled(node))}"
    return spelled(node)


def slug(assigned: Assigned, short: dict[str, str]) -> str:
    """The values of a variant as the name of a folder."""
    words, exact = [], True
    for path, node in assigned.items():
        key, key_exact = _word(short[path])
        value, value_exact = _value(node)
        words += [key, value]
        exact &= key_exact and value_exact
    text = "-".join(words) or "base"
    if exact and len(text) <= MAX_SLUG:
        return text
    return with_digest(text, assigned, room=MAX_SLUG)


def full_name(experiment: str, slug: str, assigned: Assigned) -> str:
    """The name of a variant's own experiment."""
    name = f"{experiment}-{slug}"
    return name if len(name) <= MAX_NAME else with_digest(name, assigned, room=MAX_NAME)


def with_digest(text: str, assigned: Assigned, *, room: int) -> str:
    """A slug cut to `room`, with digits that tell it from all others."""
    values = "\0".join(f"{path}={spelled(node)}" for path, node in sorted(assigned.items()))
    return f"{text[: room - 9].rstrip('-_')}-{_digest(values)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _word(text: str) -> tuple[str, bool]:
    """A text as a part of a slug, and whether it stands for no other text."""
    if _WORD.fullmatch(text):
        return text, True
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "x", False


def _value(node: Node) -> tuple[str, bool]:
    if not isinstance(node, Scalar):
        return _digest(spelled(node)), True
    if isinstance(node.value, str):
        word, exact = _word(node.value[:MAX_SHOWN])
        return word, exact and len(node.value) <= MAX_SHOWN
    text = spelled(node)
    if _NUMBER.fullmatch(text):
        return text.replace(".", "_"), True
    return _word(text)
