"""A small real model and its chat format, made once."""

from __future__ import annotations

import os
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "find_bike",
            "description": "",
            "parameters": {
                "type": "object",
                "properties": {"bike": {"type": "string", "description": ""}},
                "required": ["bike"],
            },
        },
    }
]
TEXTS = ['<|im_start|>user\nIs bike 4172 ready?<|im_end|>{"job": "J417", "days": 6}'] * 3


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from mrlc.runtime.model.tiny import build_tokenizer
    from mrlc.schemas.model import Tiny

    return build_tokenizer(Tiny(), texts=TEXTS, markup=["<final_output>", "</final_output>"])


@pytest.fixture(scope="session")
def chat(tokenizer: Any) -> Any:
    from mrlc.runtime.model.chat import ChatFormat

    return ChatFormat(tokenizer, TOOLS)


@pytest.fixture(scope="session")
def model(tokenizer: Any) -> Any:
    from mrlc.runtime.model.tiny import build_model
    from mrlc.schemas.model import Tiny

    return build_model(Tiny(hidden_size=32, heads=2), tokenizer, seed=3).eval()
