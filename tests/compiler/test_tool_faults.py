"""Faults of guards, formulas and tables at their place: the text between « and »."""

from __future__ import annotations

import asyncio

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.runtime.environment import Environment
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.task import Task

SPEC = "specs/desk.yaml"
BOOK = "    - name: book\n"
FIND = "    - name: find_bike\n"
RETURNS = "returns: [job, days]"
FEE = """\
    - name: fee
      parameters: {{days: {{type: integer}}, tier: {{type: string}}, from: {{type: string}}}}
      compute:
        {compute}
  answer:
"""
TURNS = "turns: {human: 2}"
TABLE = "table: {{file: fees.csv, when: [days, tier]{more}}}"


def compute(text: str) -> tuple[str, str]:
    return "  answer:\n", FEE.format(compute=text)


def book(text: str) -> tuple[str, str]:
    return BOOK, BOOK + f"      {text}\n"


CASES = {
    "name": ("MRLC341", compute('returns: {fee: "3 * «dys»"}')),
    "name below": ("MRLC341", compute('returns: {fee: "«total»", total: "1"}')),
    "argument": ("MRLC341", compute("returns: {fee: \"«args['form']»\"}")),
    "column": ("MRLC341", compute('returns: {fee: "«task.expcted.days»"}')),
    "function as a name": ("MRLC341", compute('returns: {fee: "«max»"}')),
    "function": ("MRLC342", compute('returns: {fee: "«rnd»(days)"}')),
    "too many arguments": ("MRLC342", compute('returns: {fee: "«abs»(days, 2)"}')),
    "history": ("MRLC342", compute("returns: {fee: \"«last»('book')\"}")),
    "syntax": ("MRLC344", compute('returns: {fee: "days «=» 3"}')),
    "reserved word": ("MRLC344", compute('returns: {fee: "«f»rom"}')),
    "loop": ("MRLC344", book('guards: [{unless: "«[x for x in day]»", reply: 1}]')),
    "tool": ("MRLC343", book("guards: [{unless: \"called(«'find_bik'»)\", reply: 1}]")),
    "tool by name": ("MRLC343", book('guards: [{unless: "«called»(day)", reply: 1}]')),
    "never": ("MRLC551", book("guards: [{unless: «\"calls('book') > 0\"», reply: 1}]")),
    "never, of two": ("MRLC551", book('guards: [{unless: «"day > 1 and false"», reply: 1}]')),
    "no reply": ("MRLC201", book('guards: [«{unless: "true"}»]')),
    "grounded": ("MRLC330", book("grounded: [«dya»]")),
    "idle ungrounded": ("MRLC211", book("«ungrounded»: {error: no}")),
    "volatile": ("MRLC324", (FIND, FIND + "      volatile: [«jobs»]\n")),
    "idle max_rows": ("MRLC211", (RETURNS, f"{RETURNS}\n        «max_rows»: 5")),
    "idle optional": ("MRLC211", (RETURNS, f"{RETURNS}\n        «optional»: any")),
    "normalise": ("MRLC206", (RETURNS, f"{RETURNS}\n        normalise: [«lower»]")),
    "cell type": ("MRLC206", (RETURNS + "\n        types: {days: integer}",
                              RETURNS + "\n        types: {days: «dates»}")),
    "nothing to compute": ("MRLC209", ("  answer:\n", FEE.format(compute="returns: {}").replace(
        "compute:", "«compute»:"))),
    "two sources": ("MRLC209", ("  answer:\n", FEE.format(compute=(
        "«table»: {file: fees.csv, when: [days], rows: [{then: {a: 1}}]}")))),
    "condition": ("MRLC345", compute('table: {rows: [{when: {days: «"< soon"»}, then: {a: 1}}], default: {a: 2}}')),
    "condition on": ("MRLC330", compute('table: {rows: [{when: {«dys»: 1}, then: {a: 1}}], default: {a: 2}}')),
    "undecided": ("MRLC555", compute("«table»: {rows: [{when: {days: 1}, then: {a: 1}}]}")),
    "unreached": ("MRLC554", compute("table: {rows: [{when: {}, then: {a: 1}}, «{when: {days: 1}, then: {a: 2}}»]}")),
    "unreached default": ("MRLC554", compute("table: {rows: [{when: {}, then: {a: 1}}], «default»: {a: 2}}")),
    "column of a table": ("MRLC324", compute(TABLE.format(more="").replace("tier", "«from»"))),
    "type of a table": ("MRLC324", compute(TABLE.format(more=", types: {«fees»: number}"))),
}  # fmt: skip


def faults(project):
    project.edit(SPEC, TURNS, "turns: {human: 2, max_tokens: 128}")
    try:
        return compile_spec(project.spec).warnings
    except CompileFailed as error:
        return error.diagnostics


@pytest.mark.parametrize("case", CASES)
def test_fault_is_found_at_its_place(project, case):
    code, (old, new) = CASES[case]
    project.write("specs/fees.csv", "days,tier,fee\n<= 3,-,0\n> 3,gold,2\n> 3,!= gold,5\n")
    project.edit(SPEC, old, new)
    file, *position = project.unmark()
    (fault,) = faults(project)
    span = fault.span
    found = (span.file, span.line, span.column, span.end_line, span.end_column)
    assert (fault.code, *found) == (code, file, *position)


def test_fault_in_a_file_of_rules(project):
    project.write("specs/fees.csv", "days,tier,fee\n<= 3,-,0\n«> many»,gold,2\n")
    project.edit(SPEC, *compute(TABLE.format(more=", default: {fee: 1}")))
    file, line, column, *_ = project.unmark()
    (fault,) = faults(project)
    assert (fault.code, fault.span.file, fault.span.line) == ("MRLC345", file, line)
    assert fault.span.column == column


@pytest.mark.parametrize(
    ("guard", "first"),
    [("not called('book')", "book"), ("called('find_bike') or day > 3", "find_bike")],
)
def test_guard_that_can_hold(project, guard, first):
    project.edit(SPEC, *book(f'guards: [{{unless: "{guard}", reply: {{error: {first}}}}}]'))
    assert faults(project) == ()


def test_circle_of_guards(project):
    project.edit(SPEC, FIND, FIND + "      guards: [{unless: \"called('book')\", reply: 1}]\n")
    project.edit(SPEC, *book("guards: [{unless: \"called('find_bike')\", reply: 1}]"))
    assert [fault.code for fault in faults(project)] == ["MRLC551", "MRLC551"]


@pytest.mark.parametrize(
    ("rows", "extra", "is_warned"),
    [
        ("2,J5,4", "", True),
        ("2,J2,0", "", False),  # says the same
        (" 2,J5,4", "", False),
        (" 2,J5,4", "normalise: [trim]", True),
        ("2,J5,4", "many: true", False),
    ],
)
def test_equal_keys(project, rows, extra, is_warned):
    project.edit("specs/bikes.csv", "2,J2,0\n", f"2,J2,0\n{rows}\n")
    if extra:
        project.edit(SPEC, RETURNS, f"{RETURNS}\n        {extra}")
    assert [fault.code for fault in faults(project)] == ["MRLC550"] * is_warned


def test_what_compiles_runs(project, tmp_path):
    project.write("specs/fees.csv", "days,tier,fee\n<= 3,-,0\n> 3,gold,2\n> 3,!= gold,5\n")
    table = TABLE.format(more=", types: {fee: integer}")
    returns = "\n        returns: {total: \"fee * days + length(args['from'])\"}"
    project.edit(SPEC, *compute(table + returns))
    project.edit(SPEC, *book("guards: [{unless: \"called('find_bike')\", reply: no}]"))
    project.edit(SPEC, TURNS, "turns: {human: 2, max_tokens: 128}")
    plan = compile_spec(project.spec)
    inputs = tmp_path / "inputs"
    for key, file in plan.inputs.items():
        (inputs / key).parent.mkdir(parents=True, exist_ok=True)
        (inputs / key).write_bytes(file.content)

    async def run():
        environment = Environment.load(plan.plan.experiment, inputs)
        task = Task("t1", "train", {"question": "Bike 1?"})
        async with environment.open(task, seed=1) as episode:
            calls = [
                ToolCall("fee", {"days": 4, "tier": "tin", "from": "x"}),
                ToolCall("book", {"day": 3}),
                ToolCall("find_bike", {"bike": "1"}),
                ToolCall("book", {"day": 3}),
            ]
            return [(await episode.call(call)).text for call in calls]

    assert asyncio.run(run()) == ['{"total": 21}', "no", '{"job": "J1", "days": 3}', '{"rows": 1}']
