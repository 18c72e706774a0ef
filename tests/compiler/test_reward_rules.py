"""Rules of the reward, beyond the examples of their pages."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_variants

SPEC = "specs/desk.yaml"
POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
FIELDS = "{name: fields, kind: field_accuracy, against: task.expected, weight: 0.9}"
LOOKS = "kind: tool_called, tool: find_bike"


def component(said: str) -> tuple[str, str]:
    return (POLITE, f"{{name: own, {said}, weight: 0.1}}")


CASES = {
    "requires itself": ("MRLC233", component(f"{LOOKS}, requires: [«own»]")),
    "requires nothing known": ("MRLC232", component(f"{LOOKS}, requires: [fields, «form»]")),
    "partial without a tolerance": (
        "MRLC209",
        (POLITE, "«{name: own, kind: numeric, against: task.expected.days, partial: true}»"),
    ),
    "two sources": (
        "MRLC209",
        (POLITE, "«{name: own, kind: one_of, against: task.expected, values: [1]}»"),
    ),
    "clip of nothing": ("MRLC209", ("reward:\n", "reward:\n  «clip»: {low: 0.5, high: 0.5}\n")),
    "more calls than allowed": (
        "MRLC209",
        (POLITE, f"«{{name: own, {LOOKS}, min_times: 2, max_times: 1}}»"),
    ),
    "unknown field": ("MRLC234", component("kind: regex, field: «jb», pattern: x")),
    "unknown field of a share": (
        "MRLC234",
        (FIELDS, FIELDS.replace("weight", "fields: {job: 1, «dys»: 2}, weight")),
    ),
    "a text for a list": (
        "MRLC234",
        (
            POLITE,
            "{name: own, kind: one_of, field: job, against: «task.expected.job», weight: 0.1}",
        ),
    ),
    "unknown argument": ("MRLC581", component(f'{LOOKS}, arguments: {{«bke»: "1"}}')),
    "unknown column of an argument": (
        "MRLC324",
        component(f"{LOOKS}, arguments: {{bike: «task.bke»}}"),
    ),
    "unknown column": ("MRLC324", component("kind: numeric, field: days, against: «task.dys»")),
    "values of another type": (
        "MRLC583",
        component('kind: one_of, field: days, values: «["1", "2"]»'),
    ),
    "broken pattern": ("MRLC215", component('kind: regex, field: job, pattern: «"[0-9"»')),
    "reference to elsewhere": (
        "MRLC588",
        component('kind: json_schema, schema: «{$ref: "http://example.com/a.json"}»'),
    ),
    "reference to nothing": (
        "MRLC588",
        component('kind: json_schema, schema: «{$ref: "#/$defs/no"}»'),
    ),
    "turns behind a gate": (
        "MRLC586",
        component(f"{LOOKS}, per: turn, requires: «[fields]»"),
    ),
    "turns in a product": (
        "MRLC586",
        component(f"{LOOKS}, per: turn"),
        ("reward:\n", "reward:\n  combine: «max»\n"),
    ),
    "a penalty that a maximum never sees": (
        "MRLC585",
        (POLITE, POLITE.replace("0.1", "«-0.1»")),
        ("reward:\n", "reward:\n  combine: max\n"),
    ),
    "only the form and acts": (
        "MRLC527",
        (FIELDS, f"{{name: own, {LOOKS}, weight: 0.9}}"),
        (POLITE, "{name: form, kind: regex, field: job, pattern: J.*, weight: 0.1}"),
    ),
}


@pytest.mark.parametrize(("code", "edits"), [(c, e) for c, *e in CASES.values()], ids=CASES)
def test_fault_is_where_it_is(project, code, edits):
    for old, new in edits:
        project.edit(SPEC, old, new)
    is_marked = "«" in project.spec.read_text()
    place = project.unmark() if is_marked else None
    with pytest.raises(CompileFailed) as caught:
        compile_variants(project.spec)
    found = [fault for fault in caught.value.diagnostics if fault.severity == "error"]
    assert [fault.code for fault in found] == [code], found
    if place is not None:
        assert (found[0].span.line, found[0].span.column) == place[1:3]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (f"{LOOKS}, min_times: 2", "pays up to 0.1 for 2 calls, which teaches calling"),
        (f"{LOOKS}, min_times: 2, because: a first slope", None),
        (f"{LOOKS}, min_times: 2, requires: [fields]", None),
        (f"{LOOKS}, per: turn", None),  # one call is all it pays
        (
            'kind: python, python: "rewards.py:polite", per: turn',
            "pays by turn, which teaches taking turns",
        ),
    ],
)
def test_paid_acts(project, said, message):
    project.edit(SPEC, *component(said))
    warnings = compile_variants(project.spec).warnings
    assert [one.message for one in warnings] == ([f"`own` {message}"] if message else [])


def test_charged_turns(project):
    own = 'name: own, kind: python, python: "rewards.py:polite", per: turn, weight: -0.1'
    project.edit(SPEC, POLITE, f"{{{own}}}")
    (warning,) = compile_variants(project.spec).warnings
    assert warning.message == "`own` charges by turn, which teaches early answers"


@pytest.mark.parametrize("kind", ["exact", "exact, requires: []"])
def test_an_exact_reward_is_the_rule_of_the_evaluation(project, kind):
    project.edit(
        SPEC,
        f"    - {FIELDS}\n    - {POLITE}\n",
        f"    - {{name: all, kind: {kind}, against: task.expected}}\n",
    )
    project.edit(SPEC, "  diverges_because: partial credit is a slope to climb\n", "")
    assert compile_variants(project.spec).warnings == ()
