"""Checkpoints that can be trusted: complete or ignored.

transformers writes a checkpoint file by file, so a killed run leaves half of one behind.
A marker, written after everything else, tells the whole ones.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.runtime.files import write_json
from mrlc.runtime.record import RunFolder

if TYPE_CHECKING:
    from transformers import TrainerCallback

MARKER = "complete.json"


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint in `folder`; half-written ones are deleted."""
    complete: dict[int, Path] = {}
    for path in folder.glob("checkpoint-*"):
        if (path / MARKER).is_file():
            complete[int(path.name.rpartition("-")[2])] = path
        else:
            shutil.rmtree(path)
    return complete[max(complete)] if complete else None


def log_sizes_at(checkpoint: Path) -> dict[str, int]:
    """The sizes of the logs when the checkpoint was written."""
    return dict(json.loads((checkpoint / MARKER).read_text("utf-8"))["logs"])


def marking_callback(run: RunFolder) -> TrainerCallback:
    """A callback that marks each checkpoint as it is completed."""
    from transformers import TrainerCallback

    class MarkCheckpoint(TrainerCallback):  # type: ignore[misc] # transformers is untyped
        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
                marker = {"step": state.global_step, "logs": run.log_sizes()}
                write_json(checkpoint / MARKER, marker)

    return MarkCheckpoint()
