"""The warm start: supervised steps on demonstrations, by TRL's SFTTrainer.

A policy that never succeeds has nothing to learn from. The warm start brings it to where
some episodes of a group do better than others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mrlc.runtime.demonstrations import encode_demonstration
from mrlc.runtime.record import RunFolder
from mrlc.runtime.setup import Setup
from mrlc.runtime.stopping import NEVER, Stop
from mrlc.runtime.train.arguments import common_arguments, lora_config
from mrlc.runtime.train.checkpoints import marking_callback, newest_checkpoint, resume

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel

OnStep = Callable[[int, int, dict[str, float]], None]
"""Called with the step, the number of steps and the step's logs."""


def warm_start(
    setup: Setup, run: RunFolder, on_step: OnStep, *, stop: Stop = NEVER
) -> PreTrainedModel:
    """Train the base on the demonstrations; resumes from the newest complete checkpoint."""
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    section = setup.experiment.warm_start
    assert section is not None
    config = SFTConfig(
        **common_arguments(section, run.warm_start, seed=setup.seed),
        max_steps=section.steps or -1,
        num_train_epochs=section.epochs,
        per_device_train_batch_size=section.batch_size,
        weight_decay=section.weight_decay,
        max_length=setup.base.tokenizer.model_max_length,
        dataset_kwargs={"skip_prepare_dataset": True},  # ids and labels are ours
    )
    trainer = SFTTrainer(
        model=setup.base.model,
        args=config,
        train_dataset=_dataset(setup),
        processing_class=setup.base.tokenizer,
        peft_config=lora_config(setup.experiment.model.lora),
        callbacks=[stop.callback(), marking_callback(run), _reporting_callback(on_step)],
    )
    trainer.remove_callback(PrinterCallback)
    checkpoint = newest_checkpoint(run.warm_start)
    with stop.at_boundaries():
        resume(trainer, checkpoint)
    model = trainer.accelerator.unwrap_model(trainer.model)
    return model.merge_and_unload() if setup.experiment.model.lora else model


def _dataset(setup: Setup) -> Dataset:
    from datasets import Dataset

    examples = [
        encode_demonstration(demonstration, setup.environment, setup.chat)
        for demonstration in setup.demonstrations
    ]
    return Dataset.from_list([{"input_ids": e.input_ids, "labels": e.labels} for e in examples])


def _reporting_callback(on_step: OnStep) -> Any:
    from transformers import TrainerCallback

    class Report(TrainerCallback):  # type: ignore[misc] # transformers is untyped
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "loss" in logs:
                on_step(state.global_step, state.max_steps, logs)

    return Report()
