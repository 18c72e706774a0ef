"""The digests of a plan.

`semantic` covers what changes a run: the experiment without its labels, with the content of
every input in place of its path, so that moving a file changes nothing and editing one does.
`full` covers the whole experiment and every input by path.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mrlc.compiler.canonical import canonical
from mrlc.compiler.inputs import BASE
from mrlc.compiler.markers import marked
from mrlc.compiler.tree import Keys
from mrlc.schemas.experiment import COSMETIC
from mrlc.schemas.plan import Digests, Input
from mrlc.schemas.section import CodeMarker, PromptMarker

DOMAIN = b"mrlc.plan/1\0"
"""Before every digested text; a new scheme gets a new number and so new digests."""


def fingerprint(experiment: dict[str, Any], inputs: Mapping[str, Input]) -> Digests:
    """The digests of an experiment as JSON and of its inputs."""
    whole = {"experiment": experiment, "inputs": {key: inputs[key].sha256 for key in inputs}}
    meaning = {key: value for key, value in experiment.items() if key not in COSMETIC}
    for pattern, marker in marked():
        if not isinstance(marker, PromptMarker):
            is_code = isinstance(marker, CodeMarker)
            meaning = _replaced(meaning, pattern, lambda path, c=is_code: _content(path, inputs, c))
    meaning = _replaced(meaning, BASE, lambda base: folder_content(base, inputs))
    return Digests(semantic=_digest(meaning), full=_digest(whole))


def _digest(value: Any) -> str:
    return hashlib.sha256(DOMAIN + canonical(value)).hexdigest()


def _content(path: str | None, inputs: Mapping[str, Input], is_code: bool) -> str | None:
    """The digest of a file in place of its path; of code, the name stays."""
    if path is None:
        return None
    if not is_code:
        return inputs[path].sha256
    file, _, name = path.partition(":")
    return f"{inputs[file].sha256}:{name}"


def folder_content(base: str, inputs: Mapping[str, Input]) -> Any:
    """The digests of a model folder's files in place of its path; other models stay a name."""
    if not base.startswith("./"):
        return base
    prefix = "" if base == "./." else base.removeprefix("./") + "/"
    return {
        key.removeprefix(prefix): inputs[key].sha256 for key in inputs if key.startswith(prefix)
    }


def _replaced(value: Any, pattern: Keys, change: Any) -> Any:
    """A copy with `change` applied to every value whose path fits the pattern."""
    if not pattern:
        return change(value)
    first, rest = pattern[0], pattern[1:]
    if isinstance(value, dict):
        return {
            key: _replaced(item, rest, change) if first in ("*", key) else item
            for key, item in value.items()
        }
    if isinstance(value, list) and first == "*":
        return [_replaced(item, rest, change) for item in value]
    return value
