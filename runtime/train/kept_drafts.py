"""Guesses at what the model writes next, kept from step to step and in each checkpoint.

The episodes of a step mostly begin with the calls that those of the step before began with. What is
guessed decides which tokens share a pass, and so the last bits of each logit: a run that is resumed
must guess as one left alone does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mrlc.runtime.rollout.policies.transformers.drafts import Drafts
from mrlc.runtime.train.checkpoints import checkpoint_of

if TYPE_CHECKING:
    from transformers import TrainerCallback

KEPT = "drafts.npz"
"""In a checkpoint: a table for each process."""


class KeptDrafts:
    """What this process guesses from."""

    def __init__(self, frames: Sequence[Sequence[int]]) -> None:
        self.drafts = Drafts(frames)

    def callback(self, trainer: Any) -> TrainerCallback:
        """A callback that keeps it in each checkpoint, and takes it from the one that is resumed.

        It comes after those that wait for episodes that are being played.
        """
        from accelerate.utils import gather_object
        from transformers import TrainerCallback

        class KeepDrafts(TrainerCallback):  # type: ignore[misc] # transformers is untyped
            def on_train_begin(callback, args: Any, state: Any, control: Any, **_: Any) -> None:
                kept = checkpoint_of(Path(args.output_dir), state.global_step) / KEPT
                if state.global_step and kept.exists():
                    with np.load(kept) as tables:  # fewer, where processes were added since
                        mine = _name(trainer.accelerator.process_index)
                        if mine in tables:
                            self.drafts = Drafts.of(tables[mine])

            def on_save(callback, args: Any, state: Any, control: Any, **_: Any) -> None:
                everyone = gather_object([self.drafts.table()])
                if state.is_world_process_zero:
                    folder = checkpoint_of(Path(args.output_dir), state.global_step)
                    tables = {_name(process): table for process, table in enumerate(everyone)}
                    np.savez_compressed(folder / KEPT, **tables)

        return KeepDrafts()


def _name(process: int) -> str:
    return f"process_{process}"
