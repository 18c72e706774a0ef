"""Training whose state is shared out among the trainers: FSDP2 and DeepSpeed's ZeRO.

TRL's trainer shares it out and gathers it for its checkpoints; `sharding_arguments` says how. Our
own part is where the weights must be whole:

- while episodes run: trainers write different numbers of tokens, so no forward pass may need the
  others. The weights are gathered once a step, and given back when the episodes are done.
- when the model is saved: the first trainer gathers them on its CPU.

So the weights must fit a GPU; what is shared out beside them is gradients and the optimiser's state,
three times as much with Adam.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mrlc.schemas.distribution import DeepSpeed, Distribution, Fsdp2

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def sharding_arguments(distribution: Distribution, *, dtype: str) -> dict[str, Any]:
    """Keyword arguments for the trainer's config; none where every trainer has all."""
    if distribution.fsdp2 is not None:
        return _fsdp2(distribution.fsdp2)
    if distribution.deepspeed is not None:
        return _deepspeed(distribution.deepspeed, dtype)
    return {}


def _fsdp2(section: Fsdp2) -> dict[str, Any]:
    config = {
        "version": 2,
        "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        "reshard_after_forward": section.reshard_after_forward,
        "cpu_offload": section.offload_params,
        # Checkpoints that the first host has whole: the service keeps those of one host.
        "state_dict_type": "FULL_STATE_DICT",
    }
    return {"fsdp": True, "fsdp_config": config}


def _deepspeed(section: DeepSpeed, dtype: str) -> dict[str, Any]:
    zero: dict[str, Any] = {
        "stage": section.zero_stage,
        "offload_optimizer": {"device": section.offload_optimizer_device},
    }
    if section.zero_stage == 3:
        zero |= {
            "offload_param": {"device": section.offload_param_device},
            "stage3_gather_16bit_weights_on_model_save": True,  # without it nothing whole is saved
        }
    # DeepSpeed casts the model to what its config says, so both say what the spec's dtype is.
    is_bf16 = dtype == "bfloat16"
    config = {
        "zero_optimization": zero,
        "bf16": {"enabled": is_bf16},
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
    }
    return {"deepspeed": config, "bf16": is_bf16}


@contextmanager
def whole_weights(trainer: Any) -> Iterator[None]:
    """Every trainer's model can run on its own; all must enter together."""
    if trainer.is_fsdp_enabled:
        plugin = trainer.accelerator.state.fsdp_plugin
        with _unsharded(trainer.model_wrapped, reshard=plugin.reshard_after_forward):
            yield
    elif trainer.is_deepspeed_enabled:
        from trl.models import unwrap_model_for_generation

        with unwrap_model_for_generation(trainer.model_wrapped, trainer.accelerator):
            yield
    else:
        yield


@contextmanager
def _unsharded(model: Any, *, reshard: bool) -> Iterator[None]:
    """TRL's helper does nothing for FSDP2, whose `generate` then steps together with the others.

    A forward pass that does not give the weights back leaves them whole. It goes through the root,
    which FSDP2 wants of the first one; ours go through its parts.
    """
    import torch
    from torch.distributed.fsdp import FSDPModule

    model.set_reshard_after_forward(False)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        with torch.no_grad():
            model(input_ids=torch.zeros(1, 1, dtype=torch.long, device=device))
        yield
    finally:
        model.set_reshard_after_forward(reshard)
        for module in model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()


def trained_model(trainer: Any, fresh: Callable[[], PreTrainedModel]) -> PreTrainedModel:
    """The trained model, its adapter merged; for the first trainer alone, but all must ask.

    `fresh` makes a model of the same form to put gathered weights into.
    """
    from peft import PeftModel

    model: Any = trainer.accelerator.unwrap_model(trainer.model)
    if _shares_weights(trainer):
        state = trainer.accelerator.get_state_dict(trainer.model)
        if not trainer.accelerator.is_main_process:
            return model  # in parts; nobody saves it
        model = fresh()
        model.load_state_dict(state)
    return model.merge_and_unload() if isinstance(model, PeftModel) else model


def _shares_weights(trainer: Any) -> bool:
    """ZeRO below stage 3 parts what is beside the weights."""
    if trainer.is_deepspeed_enabled:
        return bool(trainer.accelerator.state.deepspeed_plugin.zero_stage == 3)
    return bool(trainer.is_fsdp_enabled)
