"""How the trainers of a job share the state of the training, by the names that Accelerate has.

Each trainer has a GPU of its own and a share of every step's episodes. What they share besides:

    (nothing said)   every GPU holds weights, gradients and optimiser: fastest where they fit
    fsdp2            each holds a part of all three; the weights are whole while episodes run
    deepspeed        ZeRO: parts of the optimiser (1), of the gradients too (2), of all three (3)
"""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from mrlc.schemas.section import Section

Offload = Literal["none", "cpu"]


class Fsdp2(Section):
    """PyTorch's `fully_shard`, a part for each layer of the model."""

    reshard_after_forward: bool = True
    """Give a layer's weights back between forward and backward: less memory, more traffic."""
    offload_params: bool = False
    """Keep the parts in the host's memory; a last resort, as every step then waits for PCIe."""


class DeepSpeed(Section):
    """DeepSpeed's ZeRO; the image must have `deepspeed`."""

    zero_stage: Literal[1, 2, 3] = 2
    """What is parted; 2 costs no more traffic than none, 3 is for weights that are too large."""
    offload_optimizer_device: Offload = "none"
    """`cpu` keeps the optimiser's state in the host's memory; of stages 2 and 3, as Accelerate
    has it."""
    offload_param_device: Offload = "none"
    """`cpu` keeps the weights in the host's memory; of stage 3 only."""

    @model_validator(mode="after")
    def _offloads_what_is_parted(self) -> DeepSpeed:
        if self.offload_optimizer_device != "none" and self.zero_stage == 1:
            raise ValueError("`offload_optimizer_device` needs `zero_stage` 2 or 3")
        if self.offload_param_device != "none" and self.zero_stage != 3:
            raise ValueError(
                "`offload_param_device` needs `zero_stage: 3`, which parts the weights"
            )
        return self


class Distribution(Section):
    """What several trainers share; one at most."""

    fsdp2: Fsdp2 | None = None
    deepspeed: DeepSpeed | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Distribution:
        if self.fsdp2 is not None and self.deepspeed is not None:
            raise ValueError("`fsdp2` or `deepspeed`, not both")
        return self

    @property
    def named(self) -> str | None:
        """The one that is chosen."""
        return "fsdp2" if self.fsdp2 else "deepspeed" if self.deepspeed else None
