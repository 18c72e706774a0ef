"""Bases, overrides, variables: what a value becomes, and where it comes from."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.diagnostics import fail_on
from mrlc.compiler.resolve import resolve
from mrlc.compiler.tree import find, plain


def resolved(project, text, *overrides):
    found = resolve(project.write("specs/a.yaml", text), overrides)
    fail_on(found.evaluated.faults)
    return plain(found.tree)


def test_mappings_merge_and_the_rest_is_replaced(project):
    project.write("specs/lib/one.yaml", "m: {a: 1, b: {c: 2}}\nl: [1, 2]\n")
    project.write("specs/lib/two.yaml", "extends: one.yaml\nm: {b: {d: 3}}\n")
    text = "extends: [lib/two.yaml]\nm: {a: 9}\nl: [3]\n"
    assert resolved(project, text) == {"m": {"a": 9, "b": {"c": 2, "d": 3}}, "l": [3]}


def test_later_bases_win(project):
    project.write("specs/one.yaml", "a: 1\n")
    project.write("specs/two.yaml", "a: 2\n")
    assert resolved(project, "extends: [one.yaml, two.yaml]\n") == {"a": 2}


@pytest.mark.parametrize(
    ("option", "path", "value"),
    [
        ("a.b=2", ("a", "b"), 2),
        ("a.new.deep={x: [1, 2]}", ("a", "new", "deep", "x", "1"), 2),
        ("l.1=z", ("l", "1"), "z"),
        ("a.b=", ("a", "b"), None),
        ("a.b=k=v", ("a", "b"), "k=v"),
    ],
)
def test_override(project, option, path, value):
    spec = project.write("specs/a.yaml", "a: {b: 1}\nl: [x, y]\n")
    found = find(resolve(spec, [option]).tree, path)
    assert found.value == value
    assert found.span.file == "--set"


def test_override_of_a_variable_reaches_its_uses(project):
    text = 'vars: {lr: 1}\na: "{{ vars.lr * 2 }}"\n'
    assert resolved(project, text, "vars.lr=3") == {"a": 6}


def test_variables_use_one_another_in_any_order(project):
    text = 'vars: {a: "{{ vars.b + 1 }}", b: "{{ vars.c.d }}", c: {d: 2}}\nx: "{{ vars.a }}"\n'
    assert resolved(project, text) == {"x": 3}


def test_whole_expression_keeps_structure_and_mixed_one_is_text(project):
    text = 'vars: {l: [1, {a: 2}], n: 3}\nx: "{{ vars.l }}"\ny: "n={{ vars.n }}"\n'
    assert resolved(project, text) == {"x": [1, {"a": 2}], "y": "n=3"}


def test_base_can_leave_a_variable_to_the_spec(project):
    project.write("specs/b.yaml", 'x: "{{ vars.n | default(5) }}"\n')
    assert resolved(project, "extends: b.yaml\n") == {"x": 5}
    assert resolved(project, "extends: b.yaml\nvars: {n: 6}\n") == {"x": 6}


def test_prompts_are_left_alone(project):
    text = 'environment: {prompt: "{{ task.x }}", system: "{{ task.y }}"}\n'
    assert resolved(project, text)["environment"]["prompt"] == "{{ task.x }}"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('vars: {a: "{{ vars.a }}"}\n', ["MRLC305"]),
        ('vars: {a: "{{ vars.b }}", b: "{{ vars.c }}", c: "{{ vars.a }}"}\n', ["MRLC305"]),
        ('vars: {a: "{{ vars.no }}"}\nx: "{{ vars.a }}"\ny: "{{ vars.a }}"\n', ["MRLC303"]),
        ("vars: [1]\n", ["MRLC202"]),
        ('x: "{{ vars }}"\n', ["MRLC302"]),
        ('vars: {a: [1]}\nx: "a {{ vars.a }}"\n', ["MRLC304"]),
        ('vars: {a: {b: 1}}\nx: "{{ vars.a.c }}"\n', ["MRLC303"]),
        ("extends: 5\n", ["MRLC202"]),
    ],
)
def test_fault_is_said_once(project, text, codes):
    with pytest.raises(CompileFailed) as caught:
        resolved(project, text)
    assert [fault.code for fault in caught.value.diagnostics] == codes


def test_long_chain_of_variables_is_a_fault_not_a_crash(project):
    chain = "".join(f'  a{i}: "{{{{ vars.a{i + 1} }}}}"\n' for i in range(500))
    with pytest.raises(CompileFailed) as caught:
        resolved(project, f"vars:\n{chain}  a500: 1\n")
    assert caught.value.diagnostics[0].code == "MRLC109"


def test_bases_in_a_circle(project):
    project.write("specs/b.yaml", "extends: a.yaml\n")
    with pytest.raises(CompileFailed) as caught:
        resolved(project, "extends: b.yaml\n")
    (fault,) = caught.value.diagnostics
    assert (fault.code, fault.span.file.endswith("b.yaml")) == ("MRLC306", True)


def test_path_in_a_base_is_relative_to_the_base(project):
    text = project.spec.read_text()
    project.write("specs/lib/data.yaml", "data: {train: ../data/train.jsonl}\n")
    project.spec.write_text(
        "extends: lib/data.yaml\n" + text.replace("  train: data/train.jsonl\n", "")
    )
    compiled = compile_spec(project.spec)
    assert compiled.plan.experiment.data.train == "specs/data/train.jsonl"
    positions = compiled.provenance.positions
    assert positions["data.train"].origin == "base"
    assert positions["data.test"].origin == "spec"


def test_expression_in_a_block_is_found_on_its_line(project):
    text = "x: |\n  first {{ 1 }}\n  then {{ vars.no }} and\n"
    with pytest.raises(CompileFailed) as caught:
        resolved(project, text)
    span = caught.value.diagnostics[0].span
    assert (span.line, span.column, span.end_column) == (3, 11, 18)


def test_a_faulty_expression_hides_no_other_fault(project):
    """And is itself at fault once: its field is not also said to be of the wrong type."""
    algorithm = 'algorithm: {learning_rate: "{{ vars.lr }}", group_sze: 4}'
    text = project.spec.read_text()
    project.write("specs/desk.yaml", text[: text.index("algorithm:")] + algorithm + "\n")
    with pytest.raises(CompileFailed) as failed:
        compile_spec(project.spec)
    assert sorted(fault.code for fault in failed.value.diagnostics) == [
        "MRLC204",
        "MRLC303",
        "MRLC510",  # by the default of prompts_per_step, which is 16
    ]


def test_a_variable_of_a_base_may_be_left_unused(project):
    project.write("specs/lib/shared.yaml", "vars: {a: 1, b: 2}\n")
    project.edit("specs/desk.yaml", "name: desk", "name: desk\nextends: [lib/shared.yaml]")
    assert [fault.code for fault in compile_spec(project.spec).warnings] == []
    project.edit("specs/desk.yaml", "name: desk", "name: desk\nvars: {b: 3, c: 4}")
    found = [(fault.code, fault.path) for fault in compile_spec(project.spec).warnings]
    assert found == [("MRLC308", "vars.b"), ("MRLC308", "vars.c")]
