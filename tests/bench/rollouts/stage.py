"""The stage: one environment, one model, and a script that every loop has to play.

    prompt ─▶ call ─▶ result ─▶ call ─▶ … ─▶ the last turn's call, which nobody answers

To compare loops they must run the same episodes, so the model always writes the same tool call. Its
weights make it so, and no hook: the embeddings are large beside what the layers add to them, so
that the last hidden state still tells the token that was read, and the output layer holds, for each
token of the call, a strong pull towards the next one. Every layer is computed as in any Llama of
that shape, sampling samples, gradients flow; and whatever runs the model, runs the script.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrlc.compiler import compile_spec, write_plan
from mrlc.runtime.model.chat import tool_call_message
from mrlc.runtime.record import RunFolder, create_run
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.run import configure_torch
from mrlc.runtime.setup import Setup, load_plan, prepare
from mrlc.runtime.task import Task
from mrlc.runtime.train.order import setup_order

GROUP = 8
CALL = ToolCall("look", {"code": 5})
RESULT = "Shelf 4 holds 17 boxes of brass screws, 3 of them open; the next shelf is 8."
MOST_TASKS = 32
STEPS = 3
"""Of training, where it is timed."""
PULL = 60.0
"""Logit of the script's next token; any other gets e^-40 of its chance at most."""
LOUD = 100.0
"""Size of the embeddings, beside which what the layers add is a whisper."""


@dataclass(frozen=True)
class Shape:
    """The size of the model."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    key_heads: int = 0
    """Heads of keys and values; 0: as many as there are."""
    vocabulary: int = 0
    """Rows of the embedding; 0: as many as the tokenizer has."""
    dtype: str = "float32"


SHAPES = {
    "0.9M": Shape(128, 4, 4, 384),
    "4M": Shape(576, 1, 9, 1536, key_heads=3),
    "0.6B": Shape(1024, 28, 16, 3072, key_heads=8, vocabulary=151_936, dtype="bfloat16"),
    "1.7B": Shape(2048, 28, 16, 6144, key_heads=8, vocabulary=151_936, dtype="bfloat16"),
}
"""The second is one of SmolLM2-135M's thirty layers, the larger two are about Qwen3's."""


@dataclass(frozen=True)
class Act:
    """What is played: the part of a cell that a plan depends on."""

    turns: int
    """Turns whose call is answered; the model writes one more."""
    tool_ms: int
    episodes: int


@dataclass(frozen=True)
class Stage:
    """Everything that a loop needs to play an act."""

    act: Act
    setup: Setup
    run: RunFolder
    model: Any

    @property
    def tasks(self) -> list[Task]:
        """One for each episode, in groups, in the order that TRL is given them."""
        group = self.setup.experiment.algorithm.group_size
        places = setup_order(self.setup)[: self.act.episodes // group]
        return [self.setup.tasks["train"][place] for place in places for _ in range(group)]


def open_stage(folder: Path, act: Act, shape: Shape, model: Any = None) -> Stage:
    """Compile and prepare an act; `model` is that of an earlier one, which suits every act."""
    import torch

    spec = _write(folder, act)
    plan_folder = write_plan(compile_spec(spec), folder / "build")
    plan = load_plan(plan_folder)
    configure_torch(plan.experiment)
    setup = prepare(plan, plan_folder, seed=1)
    run = create_run(folder / "runs", plan_folder, plan, seed=1)
    if model is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = scripted_model(setup, shape).to(device)
    return Stage(act, setup, run, model)


def scripted_model(setup: Setup, shape: Shape) -> Any:
    """A Llama that writes `CALL` as each of its turns."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = setup.base.tokenizer
    config = LlamaConfig(
        vocab_size=max(shape.vocabulary, len(tokenizer)),
        hidden_size=shape.hidden,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_heads or shape.heads,
        max_position_embeddings=int(tokenizer.model_max_length),
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        model = LlamaForCausalLM(config)
        embedding = model.get_input_embeddings().weight
        embedding.copy_(torch.randn_like(embedding).sign() * LOUD)
        output = model.get_output_embeddings().weight
        for read, written in script(setup):
            output[written] += embedding[read] * (PULL / LOUD / shape.hidden)
    return model.to(getattr(torch, shape.dtype)).eval()


def script(setup: Setup) -> list[tuple[int, int]]:
    """Pairs of a token and the one that the model writes after it."""
    task = setup.tasks["train"][0]
    header = setup.chat.prompt_ids(setup.environment.messages(task))[-1]
    call = setup.chat.message_ids(tool_call_message(CALL))
    read = [header, *call[:-1]]
    if len(set(read)) != len(read):
        pieces = setup.base.tokenizer.convert_ids_to_tokens(read)
        raise ValueError(f"a token stands twice in the script, so its successor is open: {pieces}")
    return list(zip(read, call, strict=True))


def _write(folder: Path, act: Act) -> Path:
    """The project of an act."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").touch()
    group = min(GROUP, act.episodes)
    for split, count in (("train", MOST_TASKS), ("validation", 1), ("test", 1)):
        rows = [
            {"question": f"What is beside shelf {i}, {split}?", "expected": {"shelf": i}}
            for i in range(count)
        ]
        (folder / f"{split}.jsonl").write_text(_lines(rows))
    demonstration = {
        "task": "0",
        "messages": [
            tool_call_message(CALL),
            {"role": "tool", "content": RESULT},
            {"role": "assistant", "content": '<final_output>{"shelf": 8}</final_output>'},
        ],
    }
    (folder / "demonstrations.jsonl").write_text(_lines([demonstration] * 8))
    tool = TOOL.format(package=__package__, delay_s=act.tool_ms / 1000, result=RESULT)
    (folder / "tool.py").write_text(tool)
    (folder / "coin.py").write_text(COIN)
    spec = folder / "rollouts.yaml"
    prompts = act.episodes // group
    spec.write_text(SPEC.format(turns=act.turns + 1, group=group, prompts=prompts, steps=STEPS))
    return spec


def _lines(rows: Sequence[Any]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


TOOL = """\
from {package}.clock import sleep

async def look(code):
    await sleep({delay_s})
    return "{result}"
"""

# Equal rewards would give no advantage, and a trainer might then rightly skip the batch.
COIN = """\
import itertools

_sides = itertools.cycle((0.0, 1.0))

def coin(trajectory):
    return next(_sides)
"""

SPEC = """\
mrlc: v1
name: rollouts
model:
  base: tiny
  tiny: {{context: 2048}}
data:
  train: train.jsonl
  validation: validation.jsonl
  test: test.jsonl
environment:
  system: You know every shelf of the store.
  prompt: "{{{{ task.question }}}}"
  tools:
    - name: look
      description: What a shelf holds.
      parameters:
        code: {{type: integer}}
      python: tool.py:look
  answer:
    json: {{shelf: {{type: integer}}}}
turns:
  max_turns: {turns}
  max_tokens: 24
  tool_result_tokens: 64
  tool_timeout_s: 3600       # a loop that generates where it awaits its tools notices them late
  episode_timeout_s: 3600
reward:
  components:
    - {{name: coin, kind: python, python: "coin.py:coin"}}
  diverges_because: nothing is learned here
evaluation:
  scorer: {{kind: exact_fields, against: task.expected}}
  every_steps: 1000
warm_start: {{demonstrations: demonstrations.jsonl, steps: 1}}
algorithm:
  group_size: {group}
  prompts_per_step: {prompts}
  steps: {steps}
  learning_rate: 1.0e-9      # the weights are the script: they may not move
  checkpoint_every: 1000
target:
  local: {{threads: 1}}
"""
