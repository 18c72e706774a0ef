"""What the generator of an experiment writes, to hold the committed files to it."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def generated(script: Path, into: Path) -> dict[Path, bytes]:
    """Run a script's `generate` on an empty folder: file below it → content."""
    spec = importlib.util.spec_from_file_location("generate", script)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    generator.generate(into)
    files = (path for path in into.rglob("*") if path.is_file())
    return {path.relative_to(into): path.read_bytes() for path in files}
