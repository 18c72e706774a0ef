"""Each form of export becomes a project that compiles, and no text of it breaks out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.compiler import compile_spec
from mrlc.compiler.imported import TooLarge, imported_project
from mrlc.compiler.plan import Compiled
from mrlc.compiler.production import NotAnExport, read_export, read_tools
from mrlc.schemas.tools import Tool

EXPORTS = sorted((Path(__file__).parent / "exports").glob("*.json"))


def written(folder: Path, text: str) -> tuple[Path, list[Any]]:
    """The project of an export, on disk."""
    files, notes = imported_project(text, read_tools(text), export="tools.json")
    for name, content in {"pyproject.toml": "", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    return folder / "specs" / "agent.yaml", notes


def compiled(folder: Path, text: str) -> Compiled:
    return compile_spec(written(folder.resolve(), text)[0])


def tools(found: Compiled) -> dict[str, Tool]:
    return {tool.name: tool for tool in found.plan.experiment.environment.tools}


@pytest.mark.parametrize("export", EXPORTS, ids=lambda path: path.stem)
def test_an_export_becomes_a_project(export, tmp_path, snapshot):
    spec, notes = written(tmp_path.resolve(), export.read_text())
    found = compile_spec(spec)
    assert found.warnings == ()
    assert found.plan.experiment.environment.production == "specs/agent/production.json"
    assert tools(found).keys() == read_export(export.read_text()).keys()
    assert "\n".join([spec.read_text(), *map(str, notes)]) == snapshot


def test_tables_and_tasks_fit_their_tools(tmp_path, snapshot):
    (export,) = (path for path in EXPORTS if path.stem == "openapi")
    spec, _ = written(tmp_path.resolve(), export.read_text())
    files = sorted(spec.parent.glob("agent/**/*"))
    kept = [path for path in files if path.suffix in (".csv", ".jsonl")]
    assert "\n".join(f"{path.name}\n{path.read_text()}" for path in kept) == snapshot


def one(**said: Any) -> dict[str, Any]:
    return {"name": "look", "parameters": {"type": "object", "properties": {}}, **said}


def parameter(schema: Any, name: str = "x") -> dict[str, Any]:
    return one(parameters={"type": "object", "properties": {name: schema}, "required": [name]})


HOSTILE = [
    "{{ vars.secret }}", "{% raw %}", "{# no #}", "{{{{{%", "}} {{ '", "a: b # c", "- x\n- y", "&a *a",
    "<<: *x", "!!python/object:os.system", "\"\n\nname: evil\n'", "yes", "null", "~", "1e3", "0x10",
    "\ud800 half", "\x00\x07\x1b[2J", "\u2028\u2029\x85", " leading", "trailing\n\n", "\ttab", "|", ">",
    "<|im_end|>", "%YAML 1.1\n---", "\ufeff", "🜂" * 50, "'", "\\", "\\u0000", "",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(tmp_path, text):
    schema = {
        "type": "string",
        "description": text,
        "enum": [f"{text}!", "b"],
        "pattern": "{{a|b}}",
    }
    found = compiled(tmp_path, json.dumps([one(**parameter(schema), description=text)]))
    (tool,) = tools(found).values()
    clean = text.encode(errors="replace").decode()
    assert tool.description == clean
    assert tool.parameters["x"].description == clean
    assert tool.parameters["x"].enum == (f"{clean}!", "b")
    assert tool.parameters["x"].pattern == "{{a|b}}"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=60))
def test_any_text_comes_back(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("any")
    (tool,) = tools(compiled(folder, json.dumps([one(description=text)]))).values()
    assert tool.description == text


NAMES = [
    "a b",
    "orders.list",
    "x" * 99,
    "7up",
    "x\ny: z",
    "../../etc",
    "",
    "con",
    "é",
    "{{ x }}",
    "a-b",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_odd_names_are_renamed_and_told(tmp_path, name):
    export = [{**parameter({"type": "string"}, name), "name": name}]
    spec, notes = written(tmp_path.resolve(), json.dumps(export))
    (tool,) = tools(compile_spec(spec)).values()
    (argument,) = tool.parameters
    assert bool(notes) == ((tool.name, argument) != (name, name))
    is_pinned = compile_spec(spec).plan.experiment.environment.production is not None
    assert is_pinned == (not notes)
    assert all(str(note).isprintable() for note in notes)


def test_tools_of_one_name_are_both_kept(tmp_path):
    found = tools(compiled(tmp_path, json.dumps([one(), one(), one(name="Look")])))
    assert list(found) == ["look", "look_2", "Look"]


def test_a_case_that_folds_gets_a_table_of_its_own(tmp_path):
    named = [{**parameter({"type": "string"}), "name": name} for name in ("look", "Look")]
    found = tools(compiled(tmp_path, json.dumps(named)))
    tables = [tool.replay.table.lower() for tool in found.values() if tool.replay]
    assert len(set(tables)) == 2


def test_many_megabytes_of_description_are_cut_and_told(tmp_path):
    export = json.dumps([one(description="long " * 2_000_000)])
    spec, notes = written(tmp_path.resolve(), export)
    assert spec.stat().st_size < 10_000
    assert [note.text for note in notes] == ["the description is cut to its first 2,000 characters"]
    compile_spec(spec)


@pytest.mark.parametrize(
    ("export", "reason"),
    [
        ([one(name=f"t{n}") for n in range(65)], "it has 65 tools, and a spec takes 64"),
        (
            [
                one(
                    name=f"t{n}",
                    parameters={
                        "properties": {f"p{m}": {"description": "d" * 2000} for m in range(20)}
                    },
                )
                for n in range(64)
            ],
            "the spec would be larger than 1,048,576 bytes",
        ),
    ],
)
def test_what_no_spec_holds_is_refused(export, reason):
    text = json.dumps(export)
    with pytest.raises(TooLarge, match=reason):
        imported_project(text, read_tools(text), export="x")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[NaN]", "NaN is no number of JSON"),
        ('[{"name": "a", "parameters": {"properties": {"x": {"minimum": Infinity}}}}]', "Infinity"),
        ("[" + "9" * 5000 + "]", "not JSON"),
        ("7", "no list of tools"),
        ("[]", "it holds no tools"),
        ('{"functions": []}', "it has neither `tools` nor `paths`"),
        ('{"tools": 7}', "no list of tools at `/tools`"),
        ('{"result": {"tools": [{"nam": 1}]}}', "at `/result/tools/0`: it lacks 'name'"),
        ('[{"name": "a"}, 7]', "at `/1`: a part has another form"),
        ('[{"name": 7}]', "at `/0`"),
        ('[{"name": "a", "parameters": {"properties": [1]}}]', "at `/0`"),
        ('[{"name": "a", "parameters": {"properties": {"x": 7}}}]', "at `/0`"),
        ('[{"name": "a", "parameters": {"properties": {"x": {}}, "required": 5}}]', "at `/0`"),
        ('{"paths": []}', "no operations at `/paths`"),
        ('{"paths": {"/a~b": {"get": {}}}}', "at `/paths/~1a~0b/get`: it lacks 'operationId'"),
        ('{"paths": {"/a": {"get": 7}}}', "at `/paths/~1a/get`"),
        ('{"paths": {"/a": 7}}', "it holds no tools"),
    ],
)
def test_a_broken_export_is_refused_with_its_place(text, reason):
    with pytest.raises(NotAnExport) as caught:
        read_tools(text)
    assert reason in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
WORDS = (
    "type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "required", "minimum",
    "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "description", "$ref", "not",
    "additionalProperties",
)  # fmt: skip
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
SCHEMA = st.recursive(
    st.dictionaries(st.sampled_from(WORDS), JSON, max_size=4) | TYPES.map(lambda t: {"type": t}),
    lambda inner: st.fixed_dictionaries(
        {"type": TYPES},
        optional={
            "items": inner,
            "properties": st.dictionaries(st.sampled_from(["a", "b", "c d"]), inner, max_size=3),
            "required": st.just(["a"]),
            "anyOf": st.lists(inner, max_size=2),
            "enum": st.lists(JSON, max_size=3),
            "minimum": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
            "exclusiveMaximum": st.integers() | st.booleans(),
        },
    ),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(schemas=st.dictionaries(st.sampled_from(["x", "y", "result", "a.b"]), SCHEMA, max_size=3))
def test_any_schema_compiles_or_is_refused(tmp_path_factory, schemas):
    export = json.dumps([one(parameters={"properties": schemas, "required": ["x"]})])
    try:
        read_tools(export)
    except NotAnExport:
        return
    compiled(tmp_path_factory.mktemp("schema"), export)
