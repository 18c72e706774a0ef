"""The built-in model: a tokenizer trained on the spec's own texts, and a small random Llama.

It is for learning mrlc, for tests and for trying an environment before a GPU is paid for.
Both parts are a function of the plan and the seed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mrlc.schemas.model import Tiny

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

PAD, START, END = "<|pad|>", "<|im_start|>", "<|im_end|>"
CALL, CALL_END = "<tool_call>", "</tool_call>"

# Newlines that count are inside the quotes: Jinja's `-%}` strips any other, silently.
TEMPLATE = r"""
{%- macro signature(tool) -%}
{{- tool.function.name + '(' + tool.function.parameters.properties | join(', ') + ')' -}}
{%- endmacro -%}
{%- macro tool_line() -%}
{{- 'Tools: ' -}}
{%- for tool in tools -%}{{- signature(tool) -}}{%- if not loop.last -%}{{- ', ' -}}{%- endif -%}
{%- endfor -%}
{%- endmacro -%}
{%- if tools and messages[0].role != 'system' -%}
{{- '<|im_start|>system\n' + tool_line() + '<|im_end|>' -}}
{%- endif -%}
{%- for message in messages -%}
{%- if message.role == 'assistant' -%}
{{- '<|im_start|>assistant\n' -}}{%- generation -%}{{- message.content -}}
{%- for call in message.tool_calls or [] -%}
{{- '<tool_call>' + {'name': call.function.name, 'arguments': call.function.arguments} | tojson
    + '</tool_call>' -}}
{%- endfor -%}
{{- '<|im_end|>' -}}{%- endgeneration -%}
{%- else -%}
{{- '<|im_start|>' + message.role + '\n' + message.content -}}
{%- if message.role == 'system' and tools -%}{{- '\n' + tool_line() -}}{%- endif -%}
{{- '<|im_end|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}
"""

RESPONSE_TEMPLATE = {
    "defaults": {"role": "assistant"},
    "start_anchor": "<|im_start|>assistant\n",
    "fields": {
        "tool_calls": {
            "open": CALL,
            "close_pattern": r"</tool_call>\s*",
            "repeats": True,
            "content": "json",
            "transform": {"type": "function", "function": "{content}"},
        },
        "content": {"close_pattern": r"<\|im_end\|>\s*", "content": "text"},
    },
}

# One digit a token, so that an identifier is copied digit by digit; words with the space
# before them; runs of punctuation, which BPE then joins to `": "` and the like.
PIECES = r"\d| ?[A-Za-z_]+|[^A-Za-z\d]+?(?=[ ]?[A-Za-z\d]|$)"


def render_texts(
    conversations: Sequence[Sequence[Mapping[str, Any]]], tools: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Conversations as the built-in template writes them."""
    from transformers.utils.chat_template_utils import render_jinja_template

    texts, _ = render_jinja_template(
        conversations=[[dict(message) for message in messages] for messages in conversations],
        tools=[dict(tool) for tool in tools] or None,
        chat_template=TEMPLATE,
        return_assistant_tokens_mask=False,
        continue_final_message=False,
        add_generation_prompt=False,
    )
    return list(texts)


def build_tokenizer(
    tiny: Tiny, *, texts: Iterable[str], markup: Iterable[str]
) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer, trained on `texts`; each of `markup` is one token."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tags: list[str] = [CALL, CALL_END, *markup]
    core = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(PIECES), "isolated")
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_])
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=tiny.vocabulary - len(tags),
        special_tokens=[PAD, START, END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(_without_markup(texts, [START, END, *tags]), trainer)
    core.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in tags])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        eos_token=END,
        padding_side="left",
        model_max_length=tiny.context,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.response_template = RESPONSE_TEMPLATE
    return tokenizer


def build_model(tiny: Tiny, tokenizer: PreTrainedTokenizerFast, *, seed: int) -> PreTrainedModel:
    """A Llama (Touvron et al. 2023, arXiv:2302.13971) with random weights drawn from `seed`."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=tiny.hidden_size,
        intermediate_size=tiny.hidden_size * tiny.feed_forward,
        num_hidden_layers=tiny.layers,
        num_attention_heads=tiny.heads,
        num_key_value_heads=tiny.heads,
        head_dim=tiny.hidden_size // tiny.heads,
        max_position_embeddings=tiny.context,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        rope_parameters={"rope_type": "default", "rope_theta": tiny.rope_theta},
        initializer_range=tiny.init_range,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def _without_markup(texts: Iterable[str], markup: list[str]) -> Iterator[str]:
    boundary = re.compile("|".join(re.escape(tag) for tag in markup))
    for text in texts:
        yield from filter(None, boundary.split(text))
