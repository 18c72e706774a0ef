"""The cached policy computes what a full forward pass computes, row by row."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.runtime.rollout.policies.policy import Written
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.runtime.rollout.policies.transformers.attention import UnknownAttention
from mrlc.runtime.rollout.policies.transformers.forward import UnknownCache
from mrlc.runtime.rollout.policies.transformers.memory import bytes_a_token
from mrlc.schemas.rollout import Rollout

END = 2
Script = list[list[int]]


def policy(model: Any, temperature: float = 1.0, **rollout: Any) -> TransformersPolicy:
    return TransformersPolicy(
        model, end_id=END, temperature=temperature, rollout=Rollout(**rollout)
    )


def play(
    acting: TransformersPolicy,
    seeds: list[int],
    scripts: list[Script],
    max_tokens: int = 6,
    pauses: Sequence[float] = (0,),
    width: int | None = None,
) -> list[list[Written]]:
    """Feed each row its chunks in turn, with a pause before each but the first.

    A row is closed when its script is used up; `width` rows are open at once, or all of them.
    """
    waits = cycle(pauses)

    async def one(
        session: Any, seed: int, script: Script, free: asyncio.Semaphore
    ) -> list[Written]:
        turns = []
        async with free:
            row = session.open(seed)
            for place, chunk in enumerate(script):
                if place:
                    await asyncio.sleep(next(waits))
                turns.append(await row.write(chunk, max_tokens=max_tokens))
            row.close()
        return turns

    async def all_() -> list[list[Written]]:
        free = asyncio.Semaphore(width or len(seeds))
        async with acting.session(width or len(seeds)) as session:
            runs = [one(session, *each, free) for each in zip(seeds, scripts, strict=True)]
            return await asyncio.gather(*runs)

    return asyncio.run(all_())


def teacher_forced(model: Any, script: Script, turns: list[Written]) -> list[list[float]]:
    """Log-probs of each turn's ids by one plain forward pass over the whole sequence."""
    ids: list[int] = []
    spans = []
    for chunk, turn in zip(script, turns, strict=True):
        ids += chunk
        spans.append((len(ids), len(ids) + len(turn.ids)))
        ids += turn.ids
    with torch.no_grad():
        logprobs = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0].float(), -1)
    return [[float(logprobs[i - 1, ids[i]]) for i in range(*span)] for span in spans]


chunks = st.lists(st.integers(3, 200), min_size=1, max_size=9)
scripts = st.lists(st.lists(chunks, min_size=1, max_size=4), min_size=1, max_size=5)


def assert_faithful(model: Any, scripts: list[Script], played: list[list[Written]]) -> None:
    for script, turns in zip(scripts, played, strict=True):
        for turn, expected in zip(turns, teacher_forced(model, script, turns), strict=True):
            assert list(turn.logprobs) == pytest.approx(expected, abs=1e-4)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    scripts=scripts,
    pauses=st.lists(st.sampled_from([0, 0.001, 0.004]), min_size=1, max_size=5),
    deterministic=st.booleans(),
    width=st.integers(1, 5),
)
def test_logprobs_equal_teacher_forced_ones(
    model: Any, scripts: list[Script], pauses: list[float], deterministic: bool, width: int
) -> None:
    acting = policy(model, deterministic=deterministic)
    seeds = list(range(len(scripts)))
    played = play(acting, seeds, scripts, pauses=pauses, width=min(width, len(scripts)))
    assert_faithful(model, scripts, played)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    shared=st.lists(st.integers(3, 200), min_size=0, max_size=40),
    scripts=st.lists(st.lists(chunks, min_size=1, max_size=4), min_size=2, max_size=6),
    tokens=st.integers(1, 200),
)
def test_rows_that_share_slots_and_prefixes_are_computed_as_if_alone(
    model: Any, shared: list[int], scripts: list[Script], tokens: int
) -> None:
    """Whatever is copied from a neighbour, or given up for want of memory and fed again."""
    scripts = [[shared + script[0], *script[1:]] for script in [*scripts, scripts[0]]]
    acting = policy(model, kv_cache_gb=tokens * bytes_a_token(model) / 1e9)
    seeds = list(range(len(scripts)))
    played = play(acting, seeds, scripts, pauses=[0.001, 0, 0, 0.002])
    assert_faithful(model, scripts, played)


LLAMA = {
    "vocab_size": 211,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("llama", {}),
        ("llama", {"attn_implementation": "eager"}),
        ("mistral", {"sliding_window": 7}),
        ("qwen3", {"head_dim": 8}),
        ("gemma3_text", {"head_dim": 8, "sliding_window": 7, "sliding_window_pattern": 2}),
        (
            "gemma2",
            {"head_dim": 8, "attn_logit_softcapping": 0.002, "attn_implementation": "eager"},
        ),
        ("gpt_oss", {"head_dim": 8, "sliding_window": 7, "attn_implementation": "eager"}),
        ("gpt2", {"n_positions": 96, "n_embd": 32, "n_layer": 2, "n_head": 4}),
    ],
)
def test_architectures_attend_as_their_own_forward_pass_does(
    kind: str, options: dict[str, Any]
) -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    base = {"vocab_size": 211} if kind == "gpt2" else LLAMA
    implementation = options.pop("attn_implementation", "sdpa")
    config = AutoConfig.for_model(kind, **base, **options)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=implementation).eval()
    shared = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    scripts = [[[*shared, n], [n] * n, [5, 6]] for n in range(3, 8)]
    played = play(policy(model), list(range(5)), scripts, pauses=[0, 0.002], width=3)
    assert_faithful(model, scripts, played)


def test_a_model_with_an_adapter_writes_with_it(model: Any) -> None:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    targets = ["q_proj", "k_proj", "v_proj", "up_proj"]
    config = LoraConfig(r=4, target_modules=targets, init_lora_weights=False)
    adapted = get_peft_model(copy.deepcopy(model), config).eval()
    scripts = [[[7, 8, 9, n], [n] * n, [5, 6]] for n in range(3, 8)]
    seeds = list(range(len(scripts)))
    played = play(policy(adapted), seeds, scripts)
    assert_faithful(adapted, scripts, played)
    assert played != play(policy(model), seeds, scripts)


def test_a_model_that_keeps_something_else_is_refused() -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        "lfm2", **LLAMA | {"layer_types": ["conv", "full_attention"], "conv_L_cache": 3}
    )
    model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(UnknownCache, match="conv"):
        play(policy(model), [1], [[[5, 6]]])


def test_a_model_whose_attention_cannot_be_replaced_is_refused() -> None:
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model("bloom", vocab_size=211, hidden_size=32, n_layer=1, n_head=4)
    model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(UnknownAttention, match="cannot be replaced"):
        play(policy(model), [1], [[[5, 6]]])


def test_a_layer_that_attends_in_its_own_way_is_refused(model: Any) -> None:
    """Even where its own way runs without an error: it would have read all rows as one."""
    made = copy.deepcopy(model)
    layer = made.model.layers[-1].self_attn
    layer.config = copy.deepcopy(layer.config)
    layer.config._attn_implementation = "eager"
    with pytest.raises(UnknownAttention, match="do not attend as its configuration says"):
        play(policy(made), [1], [[[5, 6]]])


def test_a_slow_tool_holds_up_nobody_else(model: Any) -> None:
    """One row pauses a second; the other's five turns are over long before."""
    ends: dict[int, float] = {}

    async def one(session: Any, seed: int, pause: float) -> None:
        row = session.open(seed)
        for _ in range(5):
            await row.write([5, 6], max_tokens=3)
            await asyncio.sleep(pause)
        row.close()
        ends[seed] = asyncio.get_running_loop().time()

    async def both() -> None:
        async with policy(model).session(2) as session:
            await asyncio.gather(one(session, 1, 0.2), one(session, 2, 0))

    asyncio.run(both())
    assert ends[1] - ends[2] > 0.5


def test_results_do_not_depend_on_tool_times_where_that_is_asked_for(model: Any) -> None:
    scripts = [[[n, n + 1], [n + 2] * n, [5, 6]] for n in range(3, 12)]
    acting, seeds = policy(model, deterministic=True), list(range(20, 29))
    quick = play(acting, seeds, scripts, width=4)
    assert play(acting, seeds, scripts, pauses=[0.005, 0, 0.02, 0, 0.001], width=4) == quick


def test_a_row_does_not_depend_on_its_neighbours(model: Any) -> None:
    script = [[5, 6, 7], [9, 10]]
    alone = play(policy(model), [11], [script])[0]
    company = play(policy(model), [4, 11, 5], [[[8] * 9], script, [[3], [4], [5]]])[1]
    assert [turn.ids for turn in company] == [turn.ids for turn in alone]


def test_equal_seeds_give_equal_bits_and_different_seeds_differ(model: Any) -> None:
    script = [[5, 6, 7], [9, 10]]
    played = play(policy(model), [1, 1, 2], [script] * 3)
    first, again, other = ([turn.ids for turn in turns] for turns in played)
    assert first == again
    assert first != other
    assert play(policy(model), [1, 1, 2], [script] * 3) == played


def test_greedy_takes_the_likeliest(model: Any) -> None:
    (turn,) = play(policy(model, temperature=0), [1], [[[5, 6]]], max_tokens=1)[0]
    with torch.no_grad():
        expected = int(model(input_ids=torch.tensor([[5, 6]])).logits[0, -1].argmax())
    assert turn.ids == (expected,)


def test_samples_follow_the_distribution(model: Any) -> None:
    n = 4000
    turns = play(policy(model), list(range(n)), [[[5, 6]]] * n, max_tokens=1)
    counts = torch.bincount(torch.tensor([t[0].ids[0] for t in turns]), minlength=model.vocab_size)
    with torch.no_grad():
        expected = torch.softmax(model(input_ids=torch.tensor([[5, 6]])).logits[0, -1], -1)
    # total variation of n draws from k outcomes is about sqrt(k / (2 pi n)): here 0.1
    assert float((counts / n - expected).abs().sum() / 2) < 0.15


def test_a_limit_cuts_the_turn_and_says_so(model: Any) -> None:
    turns = play(policy(model), [1], [[[5, 6], [7]]], max_tokens=3)[0]
    for turn in turns:
        assert len(turn.ids) <= 3
        assert turn.has_ended == (turn.ids[-1] == END)


def test_a_failing_model_fails_every_waiter(model: Any) -> None:
    with pytest.raises(IndexError):
        play(policy(model), [1, 2], [[[10**6]], [[5]]])
