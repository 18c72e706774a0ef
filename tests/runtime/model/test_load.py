"""Published chat templates: made trainable where that is possible, refused where not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import trl

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.model.chat import ChatFormat, ChatFormatError, tool_call_message
from mrlc.runtime.model.load import load_pretrained, made_trainable
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.schemas.model import Model
from tests.runtime.conftest import TOOLS

TEMPLATES = Path(trl.__file__).parent / "chat_templates"
CALL = ToolCall("find_bike", {"bike": "4172"})


def published(tokenizer: Any, name: str) -> Any:
    """The test tokenizer, which knows ChatML's tokens, with a published template."""
    changed = copy.deepcopy(tokenizer)
    changed.response_template = None
    changed.chat_template = (TEMPLATES / f"{name}.jinja").read_text()
    return changed


@pytest.mark.parametrize("name", ["qwen2_5", "qwen3", "qwen3_instruct_2507", "qwen3_5_nothink"])
def test_a_known_template_becomes_trainable(tokenizer: Any, name: str) -> None:
    chat = ChatFormat(made_trainable(published(tokenizer, name)), TOOLS)
    assert chat.parse(chat.message_ids(tool_call_message(CALL))).calls == (CALL,)


def test_qwen3_as_published_is_not(tokenizer: Any) -> None:
    raw = published(tokenizer, "qwen3")
    raw.response_template = tokenizer.response_template
    with pytest.raises(ChatFormatError, match="not prefix-preserving"):
        ChatFormat(raw, TOOLS)


def test_a_template_that_nobody_can_read_is_refused(tokenizer: Any) -> None:
    unknown = published(tokenizer, "qwen3")
    unknown.chat_template += "{# mine #}"
    with pytest.raises(PlanFault, match="no parser is known"):
        made_trainable(unknown)


def test_a_saved_model_comes_back(tokenizer: Any, model: Any, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded = load_pretrained(Model(base="./model"), tmp_path)
    assert loaded.tokenizer.response_template == tokenizer.response_template
    before, after = model.state_dict(), loaded.model.state_dict()
    assert all((before[name] == after[name]).all() for name in before)


def test_a_folder_without_a_model_is_a_fault_of_the_spec(tmp_path: Path) -> None:
    with pytest.raises(PlanFault, match="does not load") as fault:
        load_pretrained(Model(base="./model"), tmp_path)
    assert fault.value.path == "model.base"
