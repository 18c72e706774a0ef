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
from mrlc.runtime.team import ALONE, Team

if TYPE_CHECKING:
    from transformers import TrainerCallback

MARKER = "complete.json"


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint in `folder`; half-written ones are deleted."""
    complete: dict[int, Path] = {}
    for path in folder.glob("checkpoint-*"):
        if is_complete(path):
            complete[step_of(path)] = path
        else:
            shutil.rmtree(path)
    return complete[max(complete)] if complete else None


def is_complete(checkpoint: Path) -> bool:
    """Whether all that the marker names is there.

    A copy of a run need not have been made in the order of its writing: SageMaker copies file by
    file to S3, so that a checkpoint may come back with its marker and without its weights.
    """
    marker = checkpoint / MARKER
    if not marker.is_file():
        return False
    written = json.loads(marker.read_text("utf-8"))
    run = checkpoint.parent.parent
    return all(
        (checkpoint / name).is_file() and (checkpoint / name).stat().st_size == size
        for name, size in written.get("files", {}).items()
    ) and all(
        (run / log).is_file() and (run / log).stat().st_size >= size
        for log, size in written["logs"].items()
    )


def step_of(checkpoint: Path) -> int:
    """The step that a checkpoint was written after."""
    return int(checkpoint.name.rpartition("-")[2])


def log_sizes_at(checkpoint: Path) -> dict[str, int]:
    """The sizes of the logs when the checkpoint was written."""
    return dict(json.loads((checkpoint / MARKER).read_text("utf-8"))["logs"])


def newest_before(folder: Path, step: int) -> Path | None:
    """The newest complete checkpoint of a step before `step`."""
    complete = {step_of(path): path for path in folder.glob("checkpoint-*") if is_complete(path)}
    earlier = [one for one in complete if one < step]
    return complete[max(earlier)] if earlier else None


def resume(trainer: Any, checkpoint: Path | None, *, is_over: bool = False) -> None:
    """Train from a checkpoint on, or from the start; where training is over, only load it.

    From the checkpoint of the last step nothing is left to do but to load it: the trainer, asked to
    go on from there, would take one step more wherever an epoch is not at its end.
    """
    if checkpoint is not None and (is_over or _is_last(checkpoint)):
        trainer._load_from_checkpoint(str(checkpoint))
    else:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)


def _is_last(checkpoint: Path) -> bool:
    state = json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
    return bool(state["global_step"] >= state["max_steps"])


def marking_callback(run: RunFolder, team: Team = ALONE) -> TrainerCallback:
    """A callback that marks each checkpoint as it is completed."""
    from transformers import TrainerCallback

    class MarkCheckpoint(TrainerCallback):  # type: ignore[misc] # transformers is untyped
        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            team.wait()  # each process writes its own random state
            if state.is_world_process_zero:
                checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
                files = {p.name: p.stat().st_size for p in checkpoint.iterdir() if p.is_file()}
                marker = {"step": state.global_step, "logs": run.log_sizes(), "files": files}
                write_json(checkpoint / MARKER, marker)

    return MarkCheckpoint()
