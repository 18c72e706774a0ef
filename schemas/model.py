"""The policy that is trained, and where its weights start."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.section import Section


class Lora(Section):
    """A low-rank adapter (Hu et al. 2021, arXiv:2106.09685) trained in place of the weights."""

    rank: Annotated[int, Field(ge=1)] = 32
    """Rank of each adapter matrix."""
    alpha: Annotated[int, Field(ge=1)] = 64
    """Scale of the adapter; twice the rank keeps its size when the rank changes."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of adapter inputs dropped; 0 keeps rollout and training log-probs equal."""
    target_modules: Literal["all-linear"] | tuple[str, ...] = "all-linear"
    """Layers that get an adapter; all linear ones match full training best in RL."""


class Tiny(Section):
    """A Llama of a few hundred thousand weights and its tokenizer, both built from the spec.

    It starts from random weights, so it needs a warm start. The tokenizer is a BPE trained
    on the spec's own texts, with single digits so that identifiers can be copied.
    """

    hidden_size: Annotated[int, Field(ge=16, le=1024, multiple_of=8)] = 64
    """Width of the model."""
    layers: Annotated[int, Field(ge=1, le=16)] = 2
    """Blocks of attention and feed-forward; two are the least that can copy by induction."""
    heads: Annotated[int, Field(ge=1, le=16)] = 4
    """Attention heads; hidden_size / heads is the size of one and must be even."""
    feed_forward: Annotated[int, Field(ge=1, le=8)] = 3
    """Width of the feed-forward layer in multiples of hidden_size."""
    init_range: Annotated[float, Field(gt=0, le=1)] = 0.08
    """Standard deviation of the initial weights; the usual 0.02 learns to copy far slower here."""
    rope_theta: Annotated[float, Field(gt=1)] = 100.0
    """Base of the rotary positions; small, for contexts of some hundred tokens."""
    vocabulary: Annotated[int, Field(ge=200, le=8192)] = 512
    """Largest number of tokens; the texts of a small domain need fewer."""
    context: Annotated[int, Field(ge=64, le=8192)] = 1024
    """Context length, tokens."""


class Model(Section):
    """The base model, by name, and how it is adapted."""

    base: Annotated[str, Field(min_length=1)]
    """`tiny`, a local folder (starts with `./` or `../`), or a Hub id."""
    revision: str | None = None
    """Commit of a Hub model; a branch name would let the weights change under a plan."""
    tiny: Tiny | None = None
    """Size of the built-in model; only with `base: tiny`."""
    lora: Lora | None = None
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Type of the weights; float32 is exact and the right choice on CPU."""

    @property
    def is_folder(self) -> bool:
        """Whether `base` names a folder rather than the built-in model or a Hub id."""
        return self.base.startswith(("./", "../", "/"))
