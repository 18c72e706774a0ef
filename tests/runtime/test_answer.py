from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.answer import AnswerParser, InvalidAnswer
from mrlc.runtime.errors import EnvironmentBroken, PlanFault
from mrlc.runtime.rollout.trajectory import Answer
from mrlc.schemas.answer import Answer as Declared


def parser(inputs: Path = Path(), **declared: Any) -> AnswerParser:
    answer = Declared.model_validate_json(json.dumps({"tag": "out", **declared}))
    return AnswerParser(answer, inputs)


TEXT = parser()
TYPED = parser(
    json={
        "s": {"type": "string"},
        "i": {"type": "integer"},
        "n": {"type": "number"},
        "b": {"type": "boolean"},
        "e": {"enum": ["x", 1, None, [1, {"a": True}]]},
    }
)
VALID = {"s": "", "i": 6, "n": 6, "b": False, "e": "x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<out>yes</out>", "yes"),
        ("so <out>\n yes \n</out> there", "yes"),
        ("<out>a</out> no, <out>b</out>", "b"),  # the last
        ("<out>a</out> no, <out>b", "a"),  # the last complete one
        ("<out>a<out>b</out>", "b"),
        ("<out>a<out>b</out>c</out>", "b"),
        ("<out>a</out></out>", "a"),
        ("</out><out>a</out>", "a"),
        ("<out>1 < 2 & </ou></out>", "1 < 2 & </ou>"),
        ("<out>\u00e9\u0000</out>", "\u00e9\u0000"),
    ],
)
def test_text(text: str, value: str) -> None:
    assert TEXT.parse(text) == Answer(value)


@pytest.mark.parametrize(
    "text", ["", "yes", "<out>", "</out>", "</out><out>", "<out>a", "<OUT>a</OUT>", "<out >a</out>"]
)
def test_no_answer(text: str) -> None:
    assert TEXT.parse(text) is None
    assert TYPED.parse(text) is None


def test_empty_text_is_no_valid_answer() -> None:
    assert TEXT.parse("<out> \n</out>") == InvalidAnswer("the answer is empty")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"n": 6.5},
        {"n": -1e300},
        {"i": 10**399},
        {"e": 1},
        {"e": None},
        {"e": [1, {"a": True}]},
        {"s": "\u2028</ou"},
    ],
)
def test_typed(change: dict[str, Any]) -> None:
    value = VALID | change
    assert TYPED.parse(f"<out> {json.dumps(value)}\n</out>") == Answer(value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON: Expecting value at character 0"),
        ("null", "the answer must be a JSON object"),
        ("[1]", "the answer must be a JSON object"),
        ("{}", "`s` is missing"),
        (VALID | {"s": 1}, "`s` must be a string"),
        (VALID | {"s": None}, "`s` must be a string"),
        (VALID | {"i": 6.0}, "`i` must be an integer"),
        (VALID | {"i": True}, "`i` must be an integer"),
        (VALID | {"i": "6"}, "`i` must be an integer"),
        (VALID | {"n": True}, "`n` must be a number"),
        (VALID | {"b": 0}, "`b` must be true or false"),
        (VALID | {"e": "y"}, '`e` must be one of "x", 1, null, [1, {"a": true}]'),
        (VALID | {"e": 1.0}, '`e` must be one of "x", 1, null, [1, {"a": true}]'),
        (VALID | {"e": True}, '`e` must be one of "x", 1, null, [1, {"a": true}]'),
        (VALID | {"e": [1, {"a": 1}]}, '`e` must be one of "x", 1, null, [1, {"a": true}]'),
        (VALID | {"more": 1}, '"more" is no field of the answer'),
        (VALID | {"x" * 99: 1}, '"' + "x" * 38 + "… is no field of the answer"),
        ('{"s": "a", "s": "b"}', "not JSON: a key is given twice"),
        ('{"n": NaN}', "not JSON: NaN"),
        ('{"n": -Infinity}', "not JSON: -Infinity"),
        ('{"n": 1e999}', "not JSON: a number is out of range"),
        ('{"i": ' + "9" * 401 + "}", "not JSON: a number has more than 400 digits"),
        ('{"s": "\\ud800"}', "not JSON: a lone surrogate"),
        ("{'s': 1}", "not JSON: Expecting property name enclosed in double quotes at character 1"),
        ("{} {}", "not JSON: Extra data at character 3"),
        ("[" * 100_000, "not JSON: nested too deeply"),
        ('{"a":' * 100_000, "not JSON: nested too deeply"),
    ],
)
def test_invalid(content: Any, reason: str) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    assert TYPED.parse(f"<out>{text}</out>") == InvalidAnswer(reason)


PIECES = st.sampled_from(
    ["<out>", "</out>", "<", "/", "out", "{", "}", "[", '"', ":", ",", "\\u", "d800", "NaN",
     '"s"', '"i"', "1e999", "-", json.dumps(VALID)]
)  # fmt: skip


@settings(deadline=None)
@given(st.text() | st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join))
def test_no_text_raises(text: str) -> None:
    for one in (TEXT, TYPED):
        answer = one.parse(text)
        if isinstance(answer, InvalidAnswer):
            assert "\n" not in answer.reason


@settings(deadline=None)
@given(st.text().filter(lambda text: "<out>" not in text and "</out>" not in text))
def test_what_stands_in_the_tag_comes_back_stripped(text: str) -> None:
    answer = TEXT.parse(f"some <out>x</out> text <out>{text}</out> more <out> and more")
    assert answer == (
        Answer(text.strip()) if text.strip() else InvalidAnswer("the answer is empty")
    )


@pytest.mark.parametrize("piece", ["<out>", "</out>", "<out></out>", "<o", "<out>{", "</out><out>"])
def test_linear_in_the_text(piece: str) -> None:
    text = piece * (2_000_000 // len(piece))
    started = time.perf_counter()
    TYPED.parse(text)
    assert time.perf_counter() - started < 5  # a quadratic search takes minutes


CODE = """
import json, sys
def number(text):
    if "none" in text:
        return None
    if "exit" in text:
        sys.exit(1)
    if "set" in text:
        return {1}
    if "loop" in text:
        return [float("nan")]
    if "key" in text:
        return {}[text]
    return {"n": int(text)}
three = 3
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "parse.py").write_text(CODE)
    return folder


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("7", Answer({"n": 7})),
        ("none", None),
        ("seven", InvalidAnswer("invalid literal for int() with base 10: 'seven'")),
    ],
)
def test_python(inputs: Path, text: str, answer: Any) -> None:
    assert parser(inputs, python="parse.py:number").parse(text) == answer


def test_python_with_declared_fields(inputs: Path) -> None:
    typed = parser(inputs, python="parse.py:number", json={"n": {"enum": [7]}})
    assert typed.parse("7") == Answer({"n": 7})
    assert typed.parse("8") == InvalidAnswer("`n` must be one of 7")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("key", "KeyError at parse.py:13"),
        ("exit", "SystemExit at parse.py:7"),
        ("set", "the parser returned what is not JSON"),
        ("loop", "the parser returned what is not JSON"),
    ],
)
def test_python_that_crashes_breaks_the_environment(inputs: Path, text: str, cause: str) -> None:
    with pytest.raises(EnvironmentBroken) as caught:
        parser(inputs, python="parse.py:number").parse(text)
    assert (caught.value.tool, caught.value.cause) == ("answer", cause)


def test_python_that_is_no_function(inputs: Path) -> None:
    with pytest.raises(PlanFault) as caught:
        parser(inputs, python="parse.py:three")
    assert caught.value.path == "environment.answer.python"


def test_python_that_hangs_breaks_the_environment(tmp_path: Path) -> None:
    (tmp_path / "parse.py").write_text("import re\ndef read(text): re.match('(a+)+b', 'a' * 60)")
    slow = AnswerParser(Declared(python="parse.py:read"), tmp_path, timeout_s=0.2)
    with pytest.raises(EnvironmentBroken, match=r"answer: took longer than 0.2 s"):
        slow.parse("x")
