"""The digests of a plan.

`semantic` covers what changes a run: the experiment without its labels, with the content of
every input in place of its path, so that moving a file changes nothing and editing one does.
`full` covers the whole experiment and every input by path. `sections` holds one for each part
that evidence of a gate can be bound to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mrlc.compiler.canonical import joined, spelled
from mrlc.compiler.inputs import BASE
from mrlc.compiler.markers import marked
from mrlc.compiler.tree import Keys
from mrlc.schemas.experiment import COSMETIC
from mrlc.schemas.plan import PARTS, Digests, Input
from mrlc.schemas.section import CodeMarker, FileMarker, FolderMarker, PromptMarker

DOMAIN = b"mrlc.plan/1\0"
"""Before every digested text; a new scheme gets a new number and so new digests."""


def fingerprint(experiment: dict[str, Any], inputs: Mapping[str, Input]) -> Digests:
    """The digests of an experiment as JSON and of its inputs."""
    written = {key: spelled(value) for key, value in experiment.items()}
    means = meaning(experiment, inputs)
    meanings = {key: spelled(value) for key, value in means.items() if key not in COSMETIC}
    parts = {part: digest for key in means for part, digest in parts_of(key, means[key]).items()}
    return digests_of(written, meanings, inputs, parts=parts)


def meaning(sections: dict[str, Any], inputs: Mapping[str, Input]) -> dict[str, Any]:
    """Sections of an experiment with contents for paths."""
    means = sections
    for pattern, marker in marked():
        if not isinstance(marker, PromptMarker) and pattern[0] in means:
            means = _replaced(means, pattern, lambda path, m=marker: _content(path, inputs, m))
    found: dict[str, Any] = _replaced(means, BASE, lambda base: folder_content(base, inputs))
    return found


def parts_of(key: str, means: Any) -> dict[str, str]:
    """The digests of the parts of one section; one that is not there counts as null."""
    found = {}
    for part in PARTS:
        above, *below = part.split(".")
        if above == key:
            value = means
            for name in below:
                value = value.get(name) if isinstance(value, dict) else None
            found[part] = _digest(f"{part}:{spelled(value)}")
    return found


def digests_of(
    written: Mapping[str, str],
    meanings: Mapping[str, str],
    inputs: Mapping[str, Input],
    *,
    parts: Mapping[str, str],
) -> Digests:
    """The digests of an experiment whose sections are spelled, as written and by meaning."""
    files = spelled({key: inputs[key].sha256 for key in inputs})
    whole = joined({"experiment": joined(written), "inputs": files})
    return Digests(semantic=_digest(joined(meanings)), full=_digest(whole), sections=dict(parts))


def _digest(text: str) -> str:
    return hashlib.sha256(DOMAIN + text.encode() + b"\n").hexdigest()


def _content(
    path: str | None, inputs: Mapping[str, Input], marker: FileMarker | FolderMarker | CodeMarker
) -> Any:
    """The digest of a file in place of its path; of code, the name stays."""
    if path is not None and isinstance(marker, FolderMarker):
        return folder_content(path, inputs)
    if path is None or (isinstance(marker, FileMarker) and not marker.is_read_by_runs):
        return None
    if isinstance(marker, FileMarker):
        return inputs[path].sha256
    file, _, name = path.partition(":")
    return f"{inputs[file].sha256}:{name}"


def folder_content(base: str, inputs: Mapping[str, Input]) -> Any:
    """The digests of a folder's files in place of its path; what is no folder stays a name."""
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
