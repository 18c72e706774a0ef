"""mrlc.lock: what a spec cannot say by itself, written by `mrlc lock` and committed.

    models   the commit of each Hub model whose spec names none, or only a branch or tag
    test     the digest of each held-out split

It lies at the root of the project. Where it is, a compile takes the commits from it and
refuses a Hub model that it does not pin and held-out tasks that are not those it froze. Without
it nothing is pinned or frozen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from mrlc.compiler.diagnostics import Diagnostic, Span
from mrlc.compiler.files import InputFile
from mrlc.compiler.tree import Entry, Mapping, Scalar, find
from mrlc.schemas.plan import Digest
from mrlc.schemas.section import Section

FILE = "mrlc.lock"
FORMAT = "mrlc.lock/1"

_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB_ID = re.compile(r"[\w.-]+(/[\w.-]+)?")

Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Lock(Section):
    """The content of mrlc.lock."""

    format: Annotated[str, Field(pattern=f"^{FORMAT}$")] = FORMAT
    models: dict[str, Commit] = Field(default_factory=dict)
    """Hub id, with `@revision` where the spec names one → commit."""
    test: dict[str, Digest] = Field(default_factory=dict)
    """Path from the root → SHA-256."""

    @property
    def text(self) -> str:
        """As it is written: sorted, a line a pin, so that git shows what moved."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"


@dataclass(frozen=True)
class HubModel:
    """A model that only the Hub can pin."""

    base: str
    revision: str | None
    span: Span
    """Where the spec names it."""

    @property
    def key(self) -> str:
        """Its name in the lock."""
        return f"{self.base}@{self.revision}" if self.revision else self.base


def hub_model(tree: Mapping) -> HubModel | None:
    """The model of a resolved tree, if it is one of the Hub's without a commit."""
    base, revision = find(tree, ("model", "base")), find(tree, ("model", "revision"))
    if not isinstance(base, Scalar) or not isinstance(base.value, str) or base.value == "tiny":
        return None
    named = revision.value if isinstance(revision, Scalar) else None
    if not _HUB_ID.fullmatch(base.value) or not isinstance(named, str | None):
        return None
    if named and _COMMIT.fullmatch(named):
        return None
    return HubModel(base.value, named, base.span)


def held_out(tree: Mapping, files: Table[str, InputFile]) -> tuple[InputFile, Span] | None:
    """The held-out tasks of a tree whose paths are the plan's, and where it names them."""
    node = find(tree, ("data", "test"))
    if not isinstance(node, Scalar) or (file := files.get(str(node.value))) is None:
        return None
    return file, node.span


def read_lock(path: Path) -> Lock:
    """The lock at a path; an empty one where there is none.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        return Lock.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        raise ValueError(error.strerror) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def apply(
    tree: Mapping, files: Table[str, InputFile], root: Path
) -> tuple[Mapping, list[Diagnostic]]:
    """The tree with its model pinned, and what the lock refuses."""
    path = root / FILE
    if not path.is_file():
        return tree, []
    try:
        lock = read_lock(path)
    except ValueError as error:
        return tree, [bad_lock(path, error)]
    faults = []
    if (model := hub_model(tree)) is not None:
        if commit := lock.models.get(model.key):
            tree = _pinned(tree, commit)
        else:
            message = f"`{model.key}` has no commit in {FILE}"
            help = "run `mrlc lock`, or give `revision` a commit"
            faults.append(Diagnostic("MRLC603", message, model.span, help=help, path="model.base"))
    if (split := held_out(tree, files)) is not None:
        file, span = split
        if lock.test.get(file.key, file.sha256) != file.sha256:
            message = f"the held-out tasks in `{file.key}` are not those that {FILE} froze"
            help = "results before and after will not compare; if that is meant, run `mrlc lock`"
            faults.append(Diagnostic("MRLC604", message, span, help=help, path="data.test"))
    return tree, faults


def bad_lock(path: Path, error: ValueError) -> Diagnostic:
    """A lock that cannot be read."""
    help = "take it from git again, or delete it and run `mrlc lock`"
    return Diagnostic("MRLC602", f"{FILE}: {error}", Span(str(path), 1, 1, 1, 2), help=help)


def _pinned(tree: Mapping, commit: str) -> Mapping:
    """The tree with the commit as `model.revision`, at the place where the base is named."""
    model = tree.entries["model"].value
    base = find(tree, ("model", "base"))
    assert isinstance(model, Mapping)
    assert isinstance(base, Scalar)
    revised = model.with_entry("revision", Entry(base.span, replace(base, value=commit)))
    return tree.with_entry("model", replace(tree.entries["model"], value=revised))
