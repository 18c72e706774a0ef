"""The files of a spec: found through the schema's markers, checked, and named for the plan.

In the spec a path is relative to the file that wrote it; afterwards it is relative to the
root. A model folder counts with every file at its top, the folder of a state with every file
below it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mrlc.compiler import lock
from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.files import InputFile
from mrlc.compiler.markers import Marker, marked
from mrlc.compiler.project import PathFault, locate, written_in
from mrlc.compiler.resolve import Resolved
from mrlc.compiler.state_folder import EMPTY, BadFolder, files_of
from mrlc.compiler.suggest import listing
from mrlc.compiler.tree import Keys, Mapping, Node, Scalar, find, put, select
from mrlc.schemas.section import CodeMarker, FileMarker, FolderMarker, PromptMarker

BASE: Keys = ("model", "base")
DATA = "data"
"""The section of the splits."""

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_WEIGHTS = (".safetensors", ".bin", ".gguf")


@dataclass(frozen=True)
class Inputs:
    """What a spec reads."""

    files: dict[str, InputFile]
    """By the key that the plan uses."""
    tree: Mapping
    """The resolved tree with every path as the plan has it."""
    faults: tuple[Diagnostic, ...]


def collect(resolved: Resolved, known: dict[str, InputFile] | None = None) -> Inputs:
    """Every file that a resolved spec names, held to the project's lock.

    Files in `known` are taken from there, and new ones are entered, so that the variants of a
    sweep read each file once.
    """
    found = gather(resolved, known)
    tree, faults = lock.apply(found.tree, found.files, resolved.root)
    return replace(found, tree=tree, faults=(*found.faults, *faults))


def gather(resolved: Resolved, known: dict[str, InputFile] | None = None) -> Inputs:
    """Every file that a resolved spec names, however many faults the spec has elsewhere."""
    collector = _Collector(resolved, {} if known is None else known)
    for pattern, marker in marked():
        if isinstance(marker, PromptMarker):
            continue
        for path, node in select(resolved.tree, pattern):
            if isinstance(node, Scalar) and isinstance(node.value, str):
                collector.guard(path, node, marker)
    for path, node in select(resolved.tree, BASE):
        if isinstance(node, Scalar) and str(node.value).startswith(("./", "../", "/")):
            collector.guard(path, node, None)

    tree: Node = resolved.tree
    for path, name in collector.renamed.items():
        scalar = find(tree, path)
        assert isinstance(scalar, Scalar)
        tree = put(tree, path, replace(scalar, value=name))
    assert isinstance(tree, Mapping)
    return Inputs(dict(sorted(collector.files.items())), tree, tuple(collector.faults))


class _Collector:
    def __init__(self, resolved: Resolved, known: dict[str, InputFile]) -> None:
        self.known = known
        self.root = resolved.root
        self.spec = resolved.spec
        self.files: dict[str, InputFile] = {}
        self.renamed: dict[Keys, str] = {}
        self.faults: list[Diagnostic] = []
        self.splits = set(_splits(resolved))
        """Files that are a split's, or offered to one: another's is never mended to be the same."""

    def guard(self, path: Keys, scalar: Scalar, marker: Marker | None) -> None:
        """Enter one file or folder, or its fault."""
        try:
            if marker is None:
                self.renamed[path] = self.model(path, scalar)
            elif isinstance(marker, FolderMarker):
                if scalar.value != EMPTY:
                    self.renamed[path] = self.folder(path, scalar)
            elif isinstance(marker, CodeMarker):
                file, colon, name = str(scalar.value).partition(":")
                if colon:  # without one, the schema has said so
                    short = replace(scalar, value=file)
                    self.renamed[path] = f"{self.file(path, short, ('.py',))}:{name}"
            elif isinstance(marker, FileMarker):
                self.renamed[path] = self.file(path, scalar, marker.suffixes)
        except PathFault as error:
            self.faults.append(error.diagnostic)

    def file(self, path: Keys, scalar: Scalar, suffixes: tuple[str, ...]) -> str:
        """The key of a file."""
        dotted = ".".join(path)
        if Path(str(scalar.value)).suffix not in suffixes:
            expected = f"expected {listing(suffixes, 'or')}"
            message = f"`{scalar.value}` is not a file of the right kind"
            raise PathFault(Diagnostic("MRLC311", message, scalar.span, expected, path=dotted))
        taken = self.splits if path[0] == DATA else ()
        try:
            target = locate(self.root, scalar, spec=self.spec, path=dotted, taken=taken)
        except PathFault as fault:
            if fault.near and path[0] == DATA:
                self.splits.add(fault.near)
            raise
        if not target.is_file():
            message = f"`{scalar.value}` is not a file"
            raise PathFault(Diagnostic("MRLC310", message, scalar.span, path=dotted))
        return self.enter(target, scalar, dotted)

    def enter(self, target: Path, scalar: Scalar, dotted: str) -> str:
        key = target.relative_to(self.root).as_posix()
        try:
            with target.open("rb"):
                pass
        except OSError as error:
            message = f"cannot read `{scalar.value}`: {(error.strerror or '').lower()}"
            raise PathFault(Diagnostic("MRLC310", message, scalar.span, path=dotted)) from None
        self.files.setdefault(key, self.known.setdefault(key, InputFile(key, target)))
        return key

    def model(self, path: Keys, scalar: Scalar) -> str:
        """The name of a model folder in the plan; its files become inputs."""
        dotted = ".".join(path)
        target = locate(self.root, scalar, spec=self.spec, path=dotted)
        if not target.is_dir():
            message = f"`{scalar.value}` is not a folder"
            raise PathFault(Diagnostic("MRLC313", message, scalar.span, path=dotted))
        files = [file for file in sorted(target.iterdir()) if file.is_file()]
        files = [file for file in files if not file.name.startswith(".")]
        if lacking := ", ".join(_lacking({file.name for file in files})):
            message = f"`{scalar.value}` is not a model folder"
            label = f"it has {lacking}"
            raise PathFault(Diagnostic("MRLC313", message, scalar.span, label, path=dotted))
        for file in files:
            if not file.resolve().is_relative_to(self.root):
                message = f"`{scalar.value}/{file.name}` leaves the project"
                raise PathFault(Diagnostic("MRLC312", message, scalar.span, path=dotted))
            self.enter(file, scalar, dotted)
        return f"./{target.relative_to(self.root).as_posix()}"

    def folder(self, path: Keys, scalar: Scalar) -> str:
        """The name of a state's folder in the plan; its files become inputs."""
        dotted = ".".join(path)
        target = locate(self.root, scalar, spec=self.spec, path=dotted)
        try:
            files = files_of(target)
        except BadFolder as error:
            message = f"`{scalar.value}` {error}"
            help = f"for a folder that begins without files, write `folder: {EMPTY}`"
            hint = help if "no files" in message else None
            fault = Diagnostic("MRLC346", message, scalar.span, help=hint, path=dotted)
            raise PathFault(fault) from None
        for file in files:
            self.enter(file, scalar, dotted)
        return f"./{target.relative_to(self.root).as_posix()}"


def _splits(resolved: Resolved) -> Iterator[Path]:
    """The files that the splits name, whether they exist or not."""
    for _, node in select(resolved.tree, (DATA, "*")):
        if isinstance(node, Scalar) and isinstance(node.value, str) and "\0" not in node.value:
            folder = written_in(node, resolved.spec).parent.resolve()
            yield Path(os.path.normpath(folder / node.value))


def _lacking(names: set[str]) -> list[str]:
    """What a model needs and a folder with these files does not have."""
    lacking = [] if "config.json" in names else ["no config.json"]
    if not names.intersection(_TOKENIZERS):
        lacking.append("no tokenizer")
    if not any(name.endswith(_WEIGHTS) for name in names):
        lacking.append("no weights (*.safetensors, *.bin)")
    return lacking
