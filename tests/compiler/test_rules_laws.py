"""What rules rest on: bounds of the reward, likeness of texts, forms of exports, secrets."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.compiler import CompileFailed, compile_spec, tokens
from mrlc.compiler.likeness import Likeness, are_near, normal
from mrlc.compiler.production import NotAnExport, read_export
from mrlc.compiler.reward_range import reward_range, unearned
from mrlc.compiler.rules.secret import TOKEN
from mrlc.compiler.rules.slow_pattern import _fault, _nests, _parser
from mrlc.schemas.reward import Reward

FIELDS = {"kind": "field_accuracy", "against": "task.expected"}
FORM, CODE = {"kind": "answered"}, {"kind": "python", "python": "a.py:f"}


def reward(*parts):
    components = [
        {**part, "name": f"c{index}", "weight": weight}
        for index, (part, weight) in enumerate(parts)
    ]
    return Reward.model_validate_json(json.dumps({"components": components}))


@pytest.mark.parametrize(
    ("parts", "low", "high"),
    [
        ([(FIELDS, 1.0)], 0, 1),
        ([(FIELDS, 0.9), (FORM, 0.1)], 0, 1),
        ([(FIELDS, 1.0), (FORM, -0.1)], -0.1, 0.9),  # unanswered earns 0, not 1
        ([(FIELDS, 0.5), (FIELDS, 0.5)], 0, 1),
        ([(CODE, 1.0), (CODE, -0.5)], 0, 0.5),  # one value, not two
        ([(CODE, -1.0)], -1, 0),
        ([(FIELDS, 0.1), (FORM, 0.2), (CODE, 0.7)], 0, 1),  # floats add up to 1
    ],
)
def test_range(parts, low, high):
    assert reward_range(reward(*parts)) == (low, high)


@pytest.mark.parametrize(
    ("parts", "against", "fields", "paid"),
    [
        ([(FIELDS, 1.0)], "task.expected", 4, 0.75),
        ([(FIELDS, 1.0)], "task.expected", 1, 0),
        ([(FIELDS, 0.9), (FORM, 0.1)], "task.expected", 3, 0.7),
        ([(FIELDS, 1.0)], "task.other", 4, 1.0),
        ([(FIELDS, 1.0)], None, 1, 1.0),
        ([(CODE, 0.5)], "task.expected", 2, 0.5),
        ([(FIELDS, -1.0)], "task.expected", 2, 0),
    ],
)
def test_paid_without_success(parts, against, fields, paid):
    assert unearned(reward(*parts), against=against, fields=fields) == paid


@given(
    st.lists(
        st.tuples(st.sampled_from([FIELDS, FORM, CODE]), st.floats(-1, 1)), min_size=1, max_size=6
    ),
    st.booleans(),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_no_episode_is_paid_outside_of_the_range(parts, answered, right, code):
    values = {"field_accuracy": right * answered, "answered": float(answered), "python": code}
    paid = sum(weight * values[part["kind"]] for part, weight in parts)
    low, high = reward_range(reward(*parts))
    assert low - 1e-8 <= paid <= high + 1e-8


STORY = "the customer of bike 12 came back on monday and asked again when the brakes will be done"


@pytest.mark.parametrize(
    ("left", "right", "near"),
    [
        (STORY, STORY.replace("asked again", "asked"), True),
        (STORY, STORY.replace("12", "13"), False),  # a number tells tasks apart
        (STORY, "an order was sent to the wrong address and " + STORY[20:40], False),
        ("is bike 1 ready now", "is bike 1 ready then", False),  # too short to say
    ],
)
def test_near(left, right, near):
    likeness = Likeness()
    likeness.add([left])
    assert are_near(left, right) is near
    assert bool(list(likeness.near(right))) is near


def test_same_to_a_reader():
    assert normal("Is  Bike ７\nready?") == normal("is bike 7 READY?")


def test_likeness_is_linear():
    def seconds(count):
        texts = [f"{STORY} for order {index} of shop {index % 7}" for index in range(count)]
        started = time.process_time()
        likeness = Likeness()
        likeness.add(texts)
        assert not any(list(likeness.near(text)) for text in texts)
        return time.process_time() - started

    assert seconds(8_000) < 20 * seconds(1_000)


@given(st.text(max_size=200))
def test_bounds_of_tokens(text):
    assert tokens.at_least(text, is_tiny=True) <= max(tokens.at_most(text), 0)
    assert tokens.about(text) <= tokens.at_most(text)


SCHEMA = {"type": "object", "properties": {"day": {"type": "integer"}}, "required": ["day"]}
FORMS = {
    "list": [{"name": "book", "description": "Book.", "parameters": SCHEMA}],
    "openai": [
        {
            "type": "function",
            "function": {"name": "book", "description": "Book.", "parameters": SCHEMA},
        }
    ],
    "mcp": {"result": {"tools": [{"name": "book", "description": "Book.", "inputSchema": SCHEMA}]}},
    "bedrock": {
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "book",
                        "description": "Book.",
                        "inputSchema": {"json": SCHEMA},
                    }
                }
            ]
        }
    },
    "openapi body": {
        "openapi": "3.1.0",
        "components": {"schemas": {"Visit": SCHEMA}},
        "paths": {
            "/visits": {
                "post": {
                    "operationId": "book",
                    "summary": "Book.",
                    "requestBody": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Visit"}}
                        }
                    },
                }
            }
        },
    },
    "openapi query": {
        "openapi": "3.1.0",
        "paths": {
            "/visits": {
                "parameters": [
                    {"name": "day", "in": "query", "required": True, "schema": {"type": "integer"}}
                ],
                "get": {"operationId": "book", "description": "Book."},
            }
        },
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_export_says_the_same(form):
    tool = read_export(json.dumps(FORMS[form]))["book"]
    day = tool.parameters["day"]
    assert (tool.description, day.type, day.is_required) == ("Book.", "integer", True)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", "5", "[1]", '[{"description": "x"}]', '{"tools": 5}', '{"paths": []}',
     '{"paths": {"/a": {"get": {}}}}', "[" * 100_000, '{"tools": {"tools": []}}', "null",
     '[{"name": "a", "parameters": {"properties": {"b": {"$ref": "#/x/y"}}}}]'],
)  # fmt: skip
def test_what_is_no_export_is_refused_or_read(text):
    with contextlib.suppress(NotAnExport):
        read_export(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["tools", "paths", "name", "parameters", "properties", "/a", "get", "$ref",
                         "requestBody", "content", "function", "inputSchema", "required"]),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_no_export_ends_in_a_traceback(value):
    with contextlib.suppress(NotAnExport):
        read_export(json.dumps(value))


@pytest.mark.parametrize(
    ("pattern", "slow"),
    [
        ("^[0-9]+$", False),
        ("^([a-z]+-)*[a-z]+$", False),
        ("^(a+b)*$", False),
        ("^([0-9]+)*$", True),
        ("^(?:a*)+$", True),
        ("((a+))+x", True),
        ("^(a{2,3})+$", False),
        (r"^\w{1,64}(,\w{1,64})*$", False),
    ],
)
def test_slow_pattern(pattern, slow):
    assert _fault(pattern) is None
    assert _nests(_parser.parse(pattern), inside=False) is slow


SECRETS = {
    "plain": f"description: use {TOKEN}",
    "quoted": f'description: "{TOKEN}"',
    "block": f"description: |\n  two lines\n  {TOKEN}",
    "escaped": f'description: "\\u0041 {TOKEN}"',
    "password": "description: host=db password=hunter22 user=x",
    "address": "description: postgres://me:hunter22@db/x",
    "github": "description: ghp_" + "aB3d" * 9,
    "aws": "description: AKIA" + "ABCD" * 4,
}


@pytest.mark.parametrize("case", SECRETS)
def test_secret_is_found_and_masked(project, case):
    project.edit("specs/desk.yaml", "name: desk\n", f"name: desk\n{SECRETS[case]}\n")
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec)
    (fault,) = caught.value.diagnostics
    assert fault.code == "MRLC518"
    said = f"{fault} {fault.span.text} {fault.help}"
    assert not any(word in said for word in ("aB3d", "hunter22", "ABCD"))


@pytest.mark.parametrize(
    "text",
    ["password=env:DB", "secret = secretsmanager:arn", "the password is asked for", "sk-short"],
)
def test_reference_is_no_secret(project, text):
    project.edit("specs/desk.yaml", "name: desk\n", f'name: desk\ndescription: "{text}"\n')
    assert compile_spec(project.spec).warnings == ()


def test_budget_takes_what_the_help_offers(project):
    turns = "turns: {human: 2}"
    project.edit("specs/desk.yaml", turns, "turns: {human: 2, max_tokens: 1000}")
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec)
    (fault,) = caught.value.diagnostics
    largest = int(fault.help.split("`")[1].removeprefix("max_tokens: "))
    compile_spec(project.spec, overrides=[f"turns.max_tokens={largest}"])
    assert largest > 100


def test_context_of_a_model_folder(project):
    for name in ("tokenizer.json", "model.safetensors"):
        project.write(f"specs/model/{name}", "")
    project.write("specs/model/config.json", '{"max_position_embeddings": 512}')
    project.edit("specs/desk.yaml", "base: tiny", "base: ./model")
    with pytest.raises(CompileFailed, match="the model reads 512"):
        compile_spec(project.spec)
    project.write("specs/model/config.json", "{]")
    compile_spec(project.spec)


def test_warning_is_shown_and_stops_nothing(project):
    project.edit("specs/desk.yaml", "{human: 2}", "{human: 2, max_turns: 2}")
    (warning,) = compile_spec(project.spec).warnings
    assert (warning.code, warning.severity) == ("MRLC502", "warning")


def test_warnings_come_with_errors(project):
    project.edit("specs/desk.yaml", "{human: 2}", "{human: 2, max_turns: 2}")
    project.edit("specs/desk.yaml", "steps: 2,", "steps: 2, micro_batch: 3,")
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec)
    assert [fault.code for fault in caught.value.diagnostics] == ["MRLC502", "MRLC210"]


def test_shipped_spec_compiles_without_a_word():
    from pathlib import Path

    root = Path(__file__).parents[2]
    assert compile_spec(root / "specs/quickstart.yaml").warnings == ()
