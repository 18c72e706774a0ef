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
    draft_tokens: Annotated[int, Field(ge=0, le=64)] = 16
    """Tokens of a turn that are guessed at most, from what was written before and from how a call of
    each tool begins, to be written in one pass; 0 for none. Guesses change what it costs, never what
    is written; 16 cover most tool calls."""
    backend: Literal["transformers", "vllm"] = "transformers"
    """Who writes the episodes that are trained on; evaluations are always by `transformers`."""
    vllm: Vllm | None = None
    """Of `backend: vllm`."""
    retries: Annotated[int, Field(ge=0, le=8)] = 0
    """Attempts more of a tool call that failed for the environment's reason; of calls alone that
    cannot have changed the episode. None by default: only the author of a tool knows whether it may
    be called twice."""
    retry_backoff_s: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Seconds before the first attempt more; doubled for each one after, and drawn from the upper half,
    so that the calls of a step do not come back together. Half a second is what a service that
    restarts or limits its rate asks for at least."""
    replacements: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Share of a step's episodes that may be run anew, with new seeds, where the environment broke. A
    quarter hides a flaky tool, at a quarter more of a step's rollouts, and no tool that is down."""
    max_lost: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of a step's episodes without a reward above which the run stops and tells the cause: with
    half of them gone most groups compare what is left over, not what the policy did."""
    chaos: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of tool calls that are made to hang, crash or return garbage, to see that a run survives
    it. Of training runs alone, which are marked so; what they measure is evidence of nothing else."""
