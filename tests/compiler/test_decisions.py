"""Decision tables: the cases that the compiler tries stand for all calls."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.compiler.decisions import Decision, cases, read
from mrlc.compiler.diagnostics import Span
from mrlc.schemas.tools import Tool

HERE = Span("x", 1, 1, 1, 2)
PARAMETERS = {
    "n": {"type": "integer", "minimum": 0},
    "x": {"type": "number", "required": False},
    "t": {"type": "string"},
    "b": {"type": "boolean"},
}
TOOL = Tool.model_validate_json(
    json.dumps({"name": "t", "parameters": PARAMETERS, "compute": {"returns": {"a": "1"}}})
)
NUMBERS = st.integers(-3, 6)
SIGNS = st.sampled_from(["", "<", "<= ", "> ", ">=", "!=", "= "])
NUMERIC = st.one_of(
    st.just("-"),
    st.builds("{}{}".format, SIGNS, NUMBERS),
    st.builds(lambda low, more: f"{low}..{low + more}", NUMBERS, st.integers(0, 3)),
    st.builds("{} | > {}".format, NUMBERS, NUMBERS),
)
TEXTUAL = st.builds("{}{}".format, SIGNS, st.sampled_from(["a", "b", "bb"])) | st.just("-")
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "n": NUMERIC,
            "x": NUMERIC | st.just("null"),
            "t": TEXTUAL,
            "b": st.sampled_from([True, "false", "-"]),
        },
    ),
    min_size=1,
    max_size=4,
)
CALLS = st.fixed_dictionaries(
    {
        "n": st.integers(0, 8),
        "x": st.none() | st.integers(-4, 8) | st.floats(-4, 8, allow_nan=False),
        "t": st.text("abc", max_size=3),
        "b": st.booleans(),
    }
)


@settings(max_examples=150, deadline=None)
@given(ROWS, CALLS)
def test_a_case_stands_for_every_call(rows, call):
    read_rows = [read(TOOL, Decision(cells, "", HERE)) for cells in rows]
    tried = cases(TOOL, read_rows)
    if tried is None:
        return
    verdicts = {tuple(row.holds(case) for row in read_rows) for case in tried}
    assert tuple(row.holds(call) for row in read_rows) in verdicts


@pytest.mark.parametrize(
    ("cells", "count"), [({}, 1), ({"b": True}, 2), ({"n": "0..1"}, 3), ({"x": 1}, 4)]
)
def test_cases_are_few(cells, count):
    assert len(cases(TOOL, [read(TOOL, Decision(cells, "", HERE))])) == count


def test_too_many_cases_are_not_tried():
    wide = " | ".join(map(str, range(0, 400, 2)))
    rows = [read(TOOL, Decision({"n": wide, "x": wide}, "", HERE))]
    assert cases(TOOL, rows) is None
