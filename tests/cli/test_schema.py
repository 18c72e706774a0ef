"""`mrlc schema`: what editors are told is what the compiler enforces."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from mrlc.schemas import json_schema

SPECS = sorted(Path(__file__).parents[2].glob("specs/*.yaml"))


def test_committed_copy_is_current(mrlc):
    assert json_schema.COMMITTED.read_text(encoding="utf-8") == json_schema.text(), (
        "mrlc schema > schemas/spec.schema.json"
    )
    assert mrlc("schema", "--check").returncode == 0


def test_prints_the_committed_copy(mrlc):
    assert mrlc("schema").stdout == json_schema.text()


def test_stale_copy(mrlc, tmp_path):
    (tmp_path / "spec.schema.json").write_text("{}")
    done = mrlc("schema", "--check", "spec.schema.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "spec.schema.json is not current: mrlc schema > spec.schema.json\n"


def test_missing_copy(mrlc):
    done = mrlc("schema", "--check", "none.json")
    assert (done.returncode, "none.json: no such file" in done.stderr) == (2, True)


def test_every_field_is_described():
    """By itself, or by the one section that it holds."""
    schema = json_schema.spec_schema()
    sections = schema["$defs"]
    bare = []
    for name, section in [*sections.items(), ("spec", schema)]:
        for key, field in section.get("properties", {}).items():
            members = [field, *field.get("anyOf", [])]
            targets = [one["$ref"].rpartition("/")[2] for one in members if "$ref" in one]
            held = [sections[one].get("description") for one in targets if one != "Expression"]
            if not (field.get("description") or (len(held) == 1 and held[0])):
                bare.append(f"{name}.{key}")
    assert bare == []


@pytest.fixture
def complaints():
    """What a validator says of a spec's text."""
    validator = jsonschema.Draft202012Validator(json_schema.spec_schema())

    def of(text: str) -> list[str]:
        return [error.message for error in validator.iter_errors(YAML(typ="safe").load(text))]

    return of


def test_schema_is_a_schema():
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(json_schema.spec_schema())


def test_good_specs_pass(complaints, project):
    for spec in (project.spec, *SPECS):
        assert complaints(spec.read_text()) == []


def test_expression_for_any_scalar(complaints, project):
    """Each scalar of a spec, one after the other, written as an expression."""
    text = project.spec.read_text()
    places = list(re.finditer(r"(?<=: )(?!v1)[\w.]+(?=[,}\n])", text))
    assert len(places) > 20
    for place in places:
        changed = text[: place.start()] + '"{{ vars.x }}"' + text[place.end() :]
        assert complaints(changed) == [], place


def test_spec_over_a_base_may_be_partial(complaints):
    text = "mrlc: v1\ndata: {train: a.jsonl}\nreward: {}\n"
    assert complaints(text)
    assert complaints(text + "extends: base.yaml\nvars: {a: 1}\nsweep: {over: {}}\n") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("group_size: 4", "group_sze: 4"),
        ("group_size: 4", "group_size: 1"),
        ("group_size: 4", 'group_size: "4"'),
        ("kind: field_accuracy", "kind: field_acuracy"),
        ("turns: {human: 2}", "turns: 2"),
        ("name: desk", "name: Desk 1"),
        ("  train: data/train.jsonl\n", ""),
    ],
)
def test_mistakes_are_seen(complaints, project, old, new):
    project.edit("specs/desk.yaml", old, new)
    assert complaints(project.spec.read_text())


def test_schema_is_json_without_surprises():
    assert json.loads(json_schema.text()) == json_schema.spec_schema()
