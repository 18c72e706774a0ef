"""How episodes are run: how many at once, and what is done when some fail."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.endpoint import Address
from mrlc.schemas.section import Section


class Vllm(Section):
    """The episodes that are trained on, written by vLLM; needs a GPU and `mrlc[vllm]`."""

    mode: Literal["colocate", "server"] = "colocate"
    """`colocate`: on each trainer's own GPU. `server`: a `vllm serve` on GPUs of its own."""
    server: Address | None = None
    """Of `mode: server`: where it listens, `env:NAME` or an address; left out where the job keeps
    GPUs for it (`target.sagemaker.vllm_gpus`)."""
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of a GPU's memory for vLLM; left out: 0.3 beside a trainer, 0.9 on GPUs of its own."""
    max_model_length: Annotated[int, Field(ge=1)] | None = None
    """Tokens of the longest sequence, which vLLM reserves memory for; left out: the model's own."""


class Rollout(Section):
    """The running of episodes, for training and for evaluation alike."""

    concurrency: Annotated[int, Field(ge=1, le=4096)] = 256
    """Episodes in flight at once in a process; more batch better and take more memory."""
    deterministic: bool = False
    """Make results independent of how long tools take, at the price of waiting for the slowest.

    Without it, who is computed with whom depends on whose tool answered first, which moves the last
    bits of log-probabilities. Tools that answer at once (replay, compute, sql) never differ.
    """
    kv_cache_gb: Annotated[float, Field(gt=0)] | None = None
    """Memory for the keys and values of episodes, 10⁹ bytes; left out: half of what is free."""
    backend: Literal["transformers", "vllm"] = "transformers"
    """Who writes the episodes that are trained on; evaluations are always by `transformers`."""
    vllm: Vllm | None = None
    """Of `backend: vllm`."""
