"""What a comparison with the final state must have: probes, columns, values that can be."""

from __future__ import annotations

import json

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.rules.divergence import is_one_rule

SPEC = "specs/desk.yaml"
PROBES = """\
  final:
    days: {state: shop, read: "SELECT day FROM visits WHERE :id <> '' ORDER BY day"}
    last: {state: shop, read: "SELECT max(day) AS day FROM visits", single: true}
    texts: {state: work, read_files: "*"}
  answer:
"""
LIST = "    - name: files\n      file: {state: work, action: list}\n  answer:\n"
SPLITS = ("train", "validation", "test")


@pytest.fixture
def desk(project):
    project.edit(SPEC, "{human: 2}", "{human: 2, max_tokens: 100}")
    project.edit(SPEC, "{sqlite: shop.sql}\n", "{sqlite: shop.sql}\n    work: {folder: empty}\n")
    project.edit(SPEC, "  answer:\n", LIST)
    project.edit(SPEC, "  answer:\n", PROBES)
    return project


def expecting(desk, probe, *values):
    """The faults of a scorer that compares a probe with values, one a split."""
    for split, value in zip(SPLITS, values * 3, strict=False):
        path = desk.root / f"specs/data/{split}.jsonl"
        rows = [json.loads(line) | {"state": value} for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    scorer = f"{{kind: final_state, against: {{{probe}: task.state}}}}"
    desk.edit(SPEC, "{kind: exact_fields, against: task.expected}", scorer)
    try:
        return compile_spec(desk.spec).warnings
    except CompileFailed as error:
        return error.diagnostics


@pytest.mark.parametrize(
    ("probe", "value"),
    [
        ("days", []),
        ("days", [{"day": 1}, {"day": None}]),
        ("last", None),
        ("last", {"day": 2.5}),
    ],
)
def test_value_that_can_be_reached(desk, probe, value):
    assert expecting(desk, probe, value) == ()


@pytest.mark.parametrize(
    ("probe", "value", "reason"),
    [
        ("days", {"day": 1}, "is not a list of rows"),
        ("days", None, "is not a list of rows"),
        ("days", [1], "has a row that is not an object"),
        ("days", [{"day": 1}, {}], "has a row without the probe's column `day`"),
        ("days", [{"day": 1, "at": 2}], "has a row with `at`, which the probe does not give"),
        ("days", [{"day": True}], "has `day` true or false, which SQL gives as 1 or 0"),
        ("last", [{"day": 1}], "has a row that is not an object"),
        ("last", {"day": [1]}, "has an array or object in `day`, which SQL does not give"),
    ],
)
def test_value_that_cannot_be_reached(desk, probe, value, reason):
    faults = expecting(desk, probe, [], value) if probe == "days" else expecting(desk, probe, value)
    fault = faults[0]
    assert (fault.code, fault.message) == ("MRLC226", f"`task.state` {reason}")
    assert fault.span.file.endswith(".jsonl")


@pytest.mark.parametrize(
    ("value", "codes"),
    [({"a": 1}, ["MRLC226"] * 3 + ["MRLC560"]), ({"a": "x"}, ["MRLC560"])],
)
def test_files_are_texts_and_must_be_written_by_a_tool(desk, value, codes):
    assert [fault.code for fault in expecting(desk, "texts", value)] == codes


def test_one_probe_paid_for_and_measured_alike_is_one_rule(desk):
    expecting(desk, "days", [{"day": 1}])
    text = desk.spec.read_text()
    start, end = text.index("  components:"), text.index("evaluation:")
    for options, is_one in (("", True), (", share: parts", False), (", ordered: false", False)):
        component = f"{{name: s, kind: final_state, against: {{days: task.state}}{options}}}"
        reason = "" if is_one else "  diverges_because: a slope\n"
        desk.spec.write_text(
            f"{text[:start]}  components:\n    - {component}\n{reason}{text[end:]}"
        )
        compiled = compile_spec(desk.spec)
        assert is_one_rule(compiled.plan.experiment) == is_one
