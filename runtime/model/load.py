"""Load the policy that a plan names: the built-in one, a folder, or a Hub model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.model import tiny
from mrlc.schemas import Experiment
from mrlc.schemas.model import Model, Tiny

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

Conversation = Sequence[Mapping[str, Any]]
TOKENIZER_CONVERSATIONS = 2_000
"""Conversations that the built-in tokenizer is trained on; more add no merges in a small domain."""

FOLDER_HELP = "a model folder holds config.json, *.safetensors and the tokenizer's files"
HUB_HELP = (
    "is the id right, the Hub in reach, HF_TOKEN set where the model is private? A folder is ./name"
)


@dataclass(frozen=True)
class LoadedModel:
    """Weights and tokenizer, before any training."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast


def load_model(
    experiment: Experiment,
    inputs: Path,
    *,
    conversations: Sequence[Conversation],
    tools: Sequence[Mapping[str, Any]],
    seed: int,
) -> LoadedModel:
    """The base model; `conversations` and `seed` shape the built-in one only.

    Raises:
        PlanFault: the folder or Hub model cannot be loaded as a causal language model.
    """
    model = experiment.model
    if model.base == "tiny":
        markup = [
            f"<{experiment.environment.answer.tag}>",
            f"</{experiment.environment.answer.tag}>",
        ]
        sizes = model.tiny or Tiny()
        texts = tiny.render_texts(conversations[:TOKENIZER_CONVERSATIONS], tools)
        tokenizer = tiny.build_tokenizer(sizes, texts=texts, markup=markup)
        return LoadedModel(tiny.build_model(sizes, tokenizer, seed=seed), tokenizer)
    return load_pretrained(model, str(inputs / model.base) if model.is_folder else model.base)


def load_pretrained(model: Model, source: str | Path) -> LoadedModel:
    """Load a folder or Hub model with transformers.

    Raises:
        PlanFault: it is no causal language model with a tokenizer.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    revision = None if model.is_folder else model.revision
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, padding_side="left", revision=revision)
        weights = AutoModelForCausalLM.from_pretrained(
            source, dtype=getattr(torch, model.dtype), revision=revision
        )
    except Exception as error:  # what a foreign folder can raise has no common type
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        said = f"`{model.base}` does not load as a causal language model: {first[:200]}"
        help = FOLDER_HELP if model.is_folder else HUB_HELP
        raise PlanFault("model.base", said, help=help) from error
    return LoadedModel(weights, made_trainable(tokenizer))


def made_trainable(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """Teach the tokenizer to read tool calls, and to keep its history, where TRL knows its template.

    Raises:
        PlanFault: nobody knows how this template's tool calls are read.
    """
    from trl.chat_template_utils import add_response_schema, get_training_chat_template

    if tokenizer.chat_template is None or getattr(tokenizer, "response_template", None) is not None:
        return tokenizer
    try:
        tokenizer = add_response_schema(tokenizer)
    except ValueError as error:
        raise PlanFault(
            "model.base",
            "no parser is known for this model's chat template, so tool calls cannot be read",
            help="set `response_template` in tokenizer_config.json (transformers, chat parsing)",
        ) from error
    with suppress(ValueError):  # unknown to TRL: the checks of ChatFormat decide
        # Several published templates drop or add text in earlier turns, Qwen3's thinking for one.
        tokenizer.chat_template = get_training_chat_template(tokenizer) or tokenizer.chat_template
    return tokenizer
