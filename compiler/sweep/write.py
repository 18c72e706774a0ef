"""A sweep on disk: `build/<name>/<variant>/`, a plan folder each, and `sweep.json` beside them.

The whole folder is replaced in one step, so no variant of an earlier compile stays behind. An
input is copied once, and an archive made once; the variants share them by hard links.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from mrlc.compiler.canonical import canonical
from mrlc.compiler.files import file_digest, share
from mrlc.compiler.sweep.compile import CompiledVariant, Swept
from mrlc.compiler.sweep.positions import Positions
from mrlc.compiler.targets import emit, is_emitted, lines
from mrlc.compiler.targets.sagemaker import Sources
from mrlc.compiler.tree import find, plain
from mrlc.compiler.write import INPUTS, PLAN, PROVENANCE, SWEEP, copy_input, refresh, replacing

FORMAT = "mrlc.sweep/1"


def write_sweep(swept: Swept, out_dir: Path) -> Path:
    """Write all plans of a sweep below `out_dir/<name>`, the path that is returned.

    Raises:
        CompileFailed: something else is there, or an input changed since it was read.
        OSError: the folder cannot be written.
    """
    target = out_dir / swept.name
    content = canonical(manifest(swept))
    positions = Positions(swept.base)
    if is_current(target, content, swept):
        for one in swept.variants:
            provenance = positions.content(one)
            files = lines(one.plan, provenance) if _is_remote(swept) else {}
            for name, text in {**files, PROVENANCE: provenance}.items():
                refresh(target / one.variant.slug / name, text)
        return target
    with replacing(target, swept.name_span) as draft:
        (draft / SWEEP).write_bytes(content)
        copies: dict[str, Path] = {}
        sources = Sources()
        for one in swept.variants:
            folder = draft / one.variant.slug
            folder.mkdir()
            (folder / PLAN).write_bytes(one.content)
            (folder / PROVENANCE).write_bytes(positions.content(one))
            _share_inputs(swept, one, folder / INPUTS, copies)
            if _is_remote(swept):
                emit(one.plan, folder, sources)
    return target


def _is_remote(swept: Swept) -> bool:
    """Whether a target has files of its own; plans are not read from their bytes for nothing."""
    return find(swept.base.evaluated.tree, ("target", "sagemaker")) is not None


def manifest(swept: Swept) -> dict[str, Any]:
    """What is in the folder: each variant with its values and digests."""
    variants = [
        {
            "number": one.variant.number,
            "label": one.variant.label,
            "name": one.variant.name,
            "folder": one.variant.slug,
            "assigned": {path: plain(node) for path, node in one.variant.assigned.items()},
            "digests": one.digests.model_dump(mode="json"),
        }
        for one in swept.variants
    ]
    left = [{"count": left.count, "reason": left.reason} for left in swept.left]
    return {"format": FORMAT, "name": swept.name, "variants": variants, "left_out": left}


def _share_inputs(
    swept: Swept, one: CompiledVariant, folder: Path, copies: dict[str, Path]
) -> None:
    for below in _folders(one.inputs):
        os.mkdir(folder / below)
    for key in one.inputs:
        copy = folder / key
        if key not in copies:
            copy_input(swept.inputs[key], swept.carried[key], copy, swept.name_span)
            copies[key] = copy
        else:
            share(copies[key], copy)


@lru_cache(maxsize=64)
def _folders(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The folders that files need, each after the one it lies in."""
    return tuple(sorted({str(above) for key in keys for above in PurePosixPath(key).parents}))


def is_current(target: Path, content: bytes, swept: Swept) -> bool:
    """Whether the same variants with all their inputs, untouched, are there already."""
    if target.is_symlink() or not _has(target / SWEEP, content):
        return False
    if {path.name for path in target.iterdir()} != {
        SWEEP,
        *(o.variant.slug for o in swept.variants),
    }:
        return False
    digests: dict[tuple[int, int], str] = {}
    return all(
        _is_intact(target / one.variant.slug, one, swept, digests) for one in swept.variants
    ) and _are_emitted(target, swept)


def _are_emitted(target: Path, swept: Swept) -> bool:
    if not _is_remote(swept):
        return True
    return all(is_emitted(one.plan, target / one.variant.slug) for one in swept.variants)


def _has(file: Path, content: bytes) -> bool:
    return file.is_file() and file.read_bytes() == content


def _is_intact(
    folder: Path, one: CompiledVariant, swept: Swept, digests: dict[tuple[int, int], str]
) -> bool:
    if not _has(folder / PLAN, one.content):
        return False
    inputs = folder / INPUTS
    present = {
        path.relative_to(inputs).as_posix(): path for path in inputs.rglob("*") if path.is_file()
    }
    return present.keys() == set(one.inputs) and all(
        _digest(path, digests) == swept.carried[key].sha256 for key, path in present.items()
    )


def _digest(path: Path, known: dict[tuple[int, int], str]) -> str:
    """The digest of a file; links to one file are read once."""
    status = path.stat()
    key = (status.st_dev, status.st_ino)
    if key not in known:
        known[key] = file_digest(path)
    return known[key]
