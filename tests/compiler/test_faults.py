"""Every fault at its place: the text between « and » is what the diagnostic points at.

An empty «» marks only where it begins.
"""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, Diagnostic, compile_spec
from mrlc.compiler.codes import CODES
from mrlc.compiler.rules import PAGES

SPEC = "specs/desk.yaml"
TRAIN = "specs/data/train.jsonl"
DEMOS = "specs/data/demos.jsonl"
POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
JUDGE = (
    '{name: kind, kind: judge, rubric: "RUBRIC", weight: 0.1, '
    'endpoint: {model: m, url: "https://h/v1"}}'
)

# (code, file, old text, new text)
CASES = {
    # 1xx: YAML
    "tab": ("MRLC102", SPEC, "\n  system:", "\n«\t»system:"),
    "colon in text": ("MRLC102", SPEC, "Bike desk.", "Bike desk«:» open"),
    "colon within braces": ("MRLC102", SPEC, "{base: tiny}", "{base: env«:»NAME}"),
    "open bracket": ("MRLC102", SPEC, "{human: 2}\nreward", "{human: 2\nreward«»"),
    "undefined alias": ("MRLC102", SPEC, "Bike desk.", "«*nothing»"),
    "two documents": ("MRLC102", SPEC, "\nturns:", "\n«---»\nturns:"),
    "duplicate key": ("MRLC104", SPEC, "\nturns:", "\n«name»: other\nturns:"),
    "merge key": ("MRLC105", SPEC, "{human: 2}", "{«<<»: {human: 2}}"),
    "number as key": ("MRLC106", SPEC, "{human: 2}", "{«1»: 2}"),
    "bare expression": ("MRLC106", SPEC, "steps: 2", "steps: {«{ vars.steps }»}"),
    "tag": ("MRLC107", SPEC, "Bike desk.", "«!!str Bike desk.»"),
    "infinite": ("MRLC108", SPEC, "base: tiny", "base: tiny, revision: «5e12345»"),
    "deep": ("MRLC109", SPEC, "Bike desk.", "[" * 63 + "«[»" + "]" * 64),
    # 2xx: the schema
    "missing key": ("MRLC201", SPEC, "data:\n  train: data/train.jsonl\n", "«data»:\n"),
    "not a mapping": ("MRLC202", SPEC, "{human: 2}", "«5»"),
    "list for text": ("MRLC202", SPEC, "Bike desk.", "«[a, b]»"),
    "number for text": ("MRLC203", SPEC, "base: tiny", "base: «1e3»"),
    "unknown key": ("MRLC204", SPEC, "group_size", "«group_sze»"),
    "unknown section": ("MRLC204", SPEC, "\nturns:", "\n«rewards»: 1\nturns:"),
    "quoted number": ("MRLC205", SPEC, "steps: 2,", 'steps: «"2"»,'),
    "unknown choice": ("MRLC206", SPEC, "kind: field_accuracy", "kind: «field_acuracy»"),
    "number too small": ("MRLC207", SPEC, "group_size: 4", "group_size: «1»"),
    "bad name": ("MRLC208", SPEC, "name: desk", "name: «Desk 1»"),
    "bad parameter name": ("MRLC208", SPEC, "day: {type: integer}", '«"the-day"»: {type: integer}'),
    "two back ends": (
        "MRLC209",
        SPEC,
        "- name: book",
        '- «name»: book\n      python: "rewards.py:polite"',
    ),
    "two kinds of user": (
        "MRLC209",
        SPEC,
        "  answer:\n",
        '  «user»: {script: [Hm.], python: "rewards.py:polite"}\n  answer:\n',
    ),
    "until without a model": (
        "MRLC209",
        SPEC,
        "  answer:\n",
        "  «user»: {script: [Hm.], until: end}\n  answer:\n",
    ),
    "endpoint in clear": (
        "MRLC208",
        SPEC,
        "evaluation:\n",
        'evaluation:\n  reference: {model: m, url: «"http://models.example/v1"»}\n',
    ),
    "key in clear": (
        "MRLC229",
        SPEC,
        "evaluation:\n",
        'evaluation:\n  reference: {model: m, url: "https://h/v1", key: «hunter22»}\n',
    ),
    "key of a known form": (
        "MRLC518",
        SPEC,
        "evaluation:\n",
        f'evaluation:\n  reference: {{model: m, url: "https://h/v1", key: «sk-{"a1" * 12}»}}\n',
    ),
    "uneven micro-batch": ("MRLC210", SPEC, "steps: 2,", "micro_batch: «3»,"),
    "odd heads": ("MRLC210", SPEC, "base: tiny", "base: tiny, tiny: {hidden_size: 64, heads: «3»}"),
    "tiny elsewhere": ("MRLC211", SPEC, "base: tiny", "base: org/name, «tiny»: {}"),
    "revision of tiny": ("MRLC211", SPEC, "base: tiny", "base: tiny, revision: «abc»"),
    # 3xx: expressions
    "statement": ("MRLC301", SPEC, "name: desk", 'name: "a«{%» if x %}"'),
    "unclosed expression": ("MRLC302", SPEC, "name: desk", 'name: "a «{{» x"'),
    "call": ("MRLC302", SPEC, "name: desk", 'name: "«{{ f() }}»"'),
    "power": ("MRLC302", SPEC, "steps: 2,", 'steps: "«{{ 9**9**9 }}»",'),
    "judge's filter": (
        "MRLC302",
        SPEC,
        POLITE,
        JUDGE.replace("RUBRIC", "{{ «answer» | upper }} {{ transcript }}"),
    ),
    "judge's unknown name": (
        "MRLC303",
        SPEC,
        POLITE,
        JUDGE.replace("RUBRIC", "{{ «transcripts» }} {{ answer }}"),
    ),
    "judge's unknown column": (
        "MRLC324",
        SPEC,
        POLITE,
        JUDGE.replace("RUBRIC", "{{ «task.who» }} {{ answer }}"),
    ),
    "user's unknown column": (
        "MRLC324",
        SPEC,
        "  answer:\n",
        '  user: {script: ["{{ «task.who» }}"]}\n  answer:\n',
    ),
    "user who tells": (
        "MRLC525",
        SPEC,
        "  answer:\n",
        '  user: {script: ["{{ «task.expected.job» }}"]}\n  answer:\n',
    ),
    "unknown variable": ("MRLC303", SPEC, "steps: 2,", 'steps: "{{ 2 * «vars.stps» }}",'),
    "task outside a prompt": ("MRLC303", SPEC, "steps: 2,", 'steps: "{{ «task.x» }}",'),
    "huge text": ("MRLC304", SPEC, "name: desk", "name: \"«{{ 'a' * 10000000000 }}»\""),
    "division by zero": ("MRLC304", SPEC, "steps: 2,", 'steps: "«{{ 1 / 0 }}»",'),
    "variables in a circle": (
        "MRLC305",
        SPEC,
        "\nturns:",
        '\nvars: {a: "{{ vars.b }}", b: "{{ «vars.a» }}"}\nturns:',
    ),
    "missing base": ("MRLC306", SPEC, "\nturns:", "\nextends: «lib/none.yaml»\nturns:"),
    "base of itself": ("MRLC306", SPEC, "\nturns:", "\nextends: [«desk.yaml»]\nturns:"),
    "base outside": ("MRLC306", SPEC, "\nturns:", "\nextends: «../../x.yaml»\nturns:"),
    "prompt calls": ("MRLC302", SPEC, "{{ task.question }}", "«{{ task.question.upper() }}»"),
    "prompt with other names": ("MRLC303", SPEC, "{{ task.question }}", "{{ «row.question» }}"),
    "prompt without a value": ("MRLC304", SPEC, "{{ task.question }}", "«{{ task.question / 2 }}»"),
    # 3xx: files
    "missing file": ("MRLC310", SPEC, "data/train.jsonl", "«data/tran.jsonl»"),
    "path too long": ("MRLC310", SPEC, "data/train.jsonl", f"«{'x' * 2000}.jsonl»"),
    "name too long": ("MRLC310", SPEC, "data/train.jsonl", f"«{'x' * 300}/{'y' * 300}.jsonl»"),
    "folder for a file": ("MRLC311", SPEC, "data/train.jsonl", "«data»"),
    "wrong suffix": ("MRLC311", SPEC, "sqlite: shop.sql", "sqlite: «bikes.csv»"),
    "absolute path": ("MRLC312", SPEC, "data/train.jsonl", "«/data/train.jsonl»"),
    "path outside": ("MRLC312", SPEC, "data/train.jsonl", "«../../train.jsonl»"),
    "not a model": ("MRLC313", SPEC, "base: tiny", "base: «./data»"),
    "no model folder": ("MRLC310", SPEC, "base: tiny", "base: «./models/x»"),
    "row is no JSON": ("MRLC320", TRAIN, '{"id": "t2", ', '{"id": "t2" «"»question": 1, '),
    "row is no object": ("MRLC320", TRAIN, '{"id": "t1", ', '«[1]»\n{"id": "t1", '),
    "duplicate id": ("MRLC322", TRAIN, '"t2"', '"«t1»"'),
    "unknown column": ("MRLC324", SPEC, "{{ task.question }}", "Q: {{ «task.qestion» }}"),
    "unknown inner column": ("MRLC324", SPEC, "{{ task.question }}", "{{ «task.expected.jobs» }}"),
    "unknown expected": (
        "MRLC324",
        SPEC,
        "exact_fields, against: task.expected",
        "exact_fields, against: «task.expcted»",
    ),
    "unknown table column": ("MRLC324", SPEC, "[job, days]", "[job, «day»]"),
    "unknown match column": ("MRLC324", SPEC, "{bike: number}", "{bike: «bike»}"),
    "match without parameter": ("MRLC330", SPEC, "{bike: number}", "{bike: number, «bke»: job}"),
    "match with an array": (
        "MRLC330",
        SPEC,
        "bike: {type: string}\n      replay:\n        table: bikes.csv\n        match: {bike:",
        "bike: {type: array}\n      replay:\n        table: bikes.csv\n        match: {«bike»:",
    ),
    "placeholder without parameter": ("MRLC330", SPEC, ":day", "«:dey»"),
    "bad cell": ("MRLC331", "specs/bikes.csv", "2,J2,0", "2,J2,«soon»"),
    "ragged row": ("MRLC320", "specs/bikes.csv", "2,J2,0", "«2,J2»"),
    "unknown state": ("MRLC332", SPEC, "state: shop, write", "state: «shp», write"),
    "unknown sql table": (
        "MRLC333",
        SPEC,
        '"INSERT INTO visits VALUES (:day)"',
        '«"INSERT INTO visit VALUES (:day)"»',
    ),
    "write that reads": ("MRLC333", SPEC, '"INSERT INTO visits VALUES (:day)"', '«"SELECT :day"»'),
    "two statements": (
        "MRLC333",
        SPEC,
        '"INSERT INTO visits VALUES (:day)"',
        '«"INSERT INTO visits VALUES (:day); DROP TABLE visits"»',
    ),
    "broken seed": (
        "MRLC333",
        "specs/shop.sql",
        "INSERT INTO visits VALUES (1);",
        "«INSERT INTO nothing VALUES (1);»",
    ),
    "seed that attaches": (
        "MRLC333",
        "specs/shop.sql",
        "INSERT INTO visits VALUES (1);",
        "«ATTACH 'x.db' AS x;»",
    ),
    "endless seed": (
        "MRLC333",
        "specs/shop.sql",
        "INSERT INTO visits VALUES (1);",
        "«WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c;»",
    ),
    "file for a folder": (
        "MRLC346",
        SPEC,
        "{sqlite: shop.sql}",
        "{sqlite: shop.sql}\n    work: {folder: «shop.sql»}",
    ),
    "folder outside": (
        "MRLC312",
        SPEC,
        "{sqlite: shop.sql}",
        "{sqlite: shop.sql}\n    work: {folder: «../..»}",
    ),
    "probe that writes": (
        "MRLC333",
        SPEC,
        "  answer:\n",
        '  final:\n    all: {state: shop, read: «"DELETE FROM visits"»}\n  answer:\n',
    ),
    "probe of no state": (
        "MRLC332",
        SPEC,
        "  answer:\n",
        '  final:\n    all: {state: «shp», read: "SELECT * FROM visits"}\n  answer:\n',
    ),
    "probe of no column": (
        "MRLC330",
        SPEC,
        "  answer:\n",
        '  final:\n    all: {state: shop, read: "SELECT «:idd»"}\n  answer:\n',
    ),
    "two kinds of state": (
        "MRLC209",
        SPEC,
        "shop: {sqlite: shop.sql}",
        "«shop»: {sqlite: shop.sql, folder: empty}",
    ),
    "step that uses what none returns": (
        "MRLC330",
        SPEC,
        'write: "INSERT INTO visits VALUES (:day)"',
        'steps: [{read: "SELECT 1 AS one"}, {write: "INSERT INTO visits VALUES («:on»)"}]',
    ),
    "step that requires the other": (
        "MRLC209",
        SPEC,
        'write: "INSERT INTO visits VALUES (:day)"',
        'steps: [«{write: "INSERT INTO visits VALUES (:day)", require: rows >= 1}»]',
    ),
    "requirement of another form": (
        "MRLC208",
        SPEC,
        'write: "INSERT INTO visits VALUES (:day)"',
        'steps: [{write: "INSERT INTO visits VALUES (:day)", require: «changes = 1»}]',
    ),
    "result that no step gives": (
        "MRLC330",
        SPEC,
        'write: "INSERT INTO visits VALUES (:day)"',
        (
            'steps: [{write: "INSERT INTO visits VALUES (:day) RETURNING day + 1 AS next"}], '
            "returns: [day, next, «nxt»]"
        ),
    ),
    "file tool without its parameter": (
        "MRLC330",
        SPEC,
        "{sqlite: shop.sql}\n  tools:\n",
        (
            "{sqlite: shop.sql}\n    work: {folder: empty}\n  tools:\n"
            "    - name: read\n      parameters: {name: {type: string}}\n"
            "      file: {state: work, action: read, path: «nam»}\n"
        ),
    ),
    "two tools of one name": ("MRLC334", SPEC, "name: book", "name: «find_bike»"),
    "two components of one name": ("MRLC334", SPEC, "name: polite", "name: «fields»"),
    "undefined function": ("MRLC335", SPEC, '"rewards.py:polite"', '«"rewards.py:polit"»'),
    "broken python": (
        "MRLC335",
        "specs/rewards.py",
        "def polite(outcome):",
        "def polite«(»outcome:",
    ),
    "python too deep": (
        "MRLC335",
        "specs/rewards.py",
        "def polite(outcome):",
        f"«»x = {'- ' * 200_000}1\ndef polite(outcome):",
    ),
    "demonstration of no task": ("MRLC336", DEMOS, '{"task": "t1", ', '«»{"task": "t0", '),
    "user in a demonstration without a user": (
        "MRLC336",
        DEMOS,
        '{"task": "t1", "messages": [',
        (
            '«»{"task": "t1", "messages": [{"role": "assistant", "content": "Hm?"}, '
            '{"role": "user", "content": "Yes."}, '
        ),
    ),
    "held-out demonstration": ("MRLC336", DEMOS, '{"task": "t1", ', '«»{"task": "h1", '),
    "expected without a field": (
        "MRLC337",
        TRAIN,
        '{"id": "t2", "question": "Bike 2?", "expected": {"job": "J2", "days": 0}}',
        '«{"id": "t2", "question": "Bike 2?", "expected": {"job": "J2"}}»',
    ),
    "expected of another type": (
        "MRLC337",
        TRAIN,
        '{"id": "t2", "question": "Bike 2?", "expected": {"job": "J2", "days": 0}}',
        '«{"id": "t2", "question": "Bike 2?", "expected": {"job": "J2", "days": "0"}}»',
    ),
}


def faults(spec, overrides=()) -> tuple[Diagnostic, ...]:
    with pytest.raises(CompileFailed) as caught:
        compile_spec(spec, overrides=overrides)
    return tuple(fault for fault in caught.value.diagnostics if fault.severity == "error")


@pytest.mark.parametrize(("code", "file", "old", "new"), CASES.values(), ids=CASES)
def test_fault_is_where_it_is(project, code, file, old, new):
    project.edit(file, old, new)
    place = project.unmark()
    found = faults(project.spec)
    assert [fault.code for fault in found] == [code], found
    span = found[0].span
    assert (span.file, span.line, span.column) == place[:3]
    if place[1:3] != place[3:]:  # an empty «» marks where the span begins, and no more
        assert (span.end_line, span.end_column) == place[3:]


def test_code_is_tested_or_tested_elsewhere():
    elsewhere = {"MRLC101", "MRLC103", "MRLC212", "MRLC307", "MRLC308", "MRLC321", "MRLC323"}
    elsewhere |= {"MRLC340", "MRLC390", "MRLC391", "MRLC901"}
    elsewhere |= {f"MRLC40{number}" for number in range(1, 10)}  # test_sweep_faults.py
    elsewhere |= {"MRLC601", "MRLC602", "MRLC603", "MRLC604"}
    by_rules = set(PAGES)  # tests/compiler/test_rules.py
    assert {code for code, *_ in CASES.values()} | elsewhere | by_rules == set(CODES)


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"", "MRLC103", 1, 1),
        (b"# only a comment\n", "MRLC103", 1, 1),
        (b"- a\n", "MRLC103", 1, 1),
        (b"mrlc: v1\nname: \xff\n", "MRLC101", 2, 7),
        (b"\xef\xbb", "MRLC101", 1, 1),  # half a byte-order mark
        (b"\xef\xbb\xbfmrlc: \xff\n", "MRLC101", 1, 7),
        (b"mrlc: v1\nname: \x01\n", "MRLC102", 2, 7),
        (b"a: " + b"[" * 100_000, "MRLC109", 1, 68),
        (b"#" * (1 << 20) + b"!", "MRLC109", 1, 1),
    ],
)
def test_file_that_is_no_spec(project, content, code, line, column):
    project.spec.write_bytes(content)
    (fault,) = faults(project.spec)
    assert (fault.code, fault.span.line, fault.span.column) == (code, line, column)


def test_no_such_spec(project):
    (fault,) = faults(project.root / "none.yaml")
    assert fault.code == "MRLC101"


def test_spec_that_never_ends():
    from pathlib import Path

    (fault,) = faults(Path("/dev/zero"))
    assert fault.code == "MRLC101"


def test_alias_bomb(project):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    project.spec.write_text("\n".join(levels))
    (fault,) = faults(project.spec)
    assert (fault.code, fault.span.line) == ("MRLC109", 6)


def test_every_fault_at_once(project):
    project.edit("specs/desk.yaml", "group_size", "group_sze")
    project.edit("specs/desk.yaml", "{human: 2}", "{human: two}")
    project.edit("specs/desk.yaml", "data/test.jsonl", "data/tst.jsonl")
    assert [fault.code for fault in faults(project.spec)] == ["MRLC310", "MRLC202", "MRLC204"]


def test_misspelt_key_is_not_also_missing(project):
    project.edit("specs/desk.yaml", "  validation:", "  validaton:")
    (fault,) = faults(project.spec)
    assert (fault.code, fault.help) == ("MRLC204", "did you mean `validation`?")


def test_file_of_the_wrong_kind_is_not_read_to_its_end(project):
    project.write(TRAIN, "x\n" * 5000)
    found = [fault for fault in faults(project.spec) if fault.code == "MRLC320"]
    assert len(found) == 1001
    assert (found[-1].span.line, found[-1].message[:14]) == (1001, "1,000 bad rows")


TALK = [
    ('{"role": "assistant", "content": "Hm?"}', '{"role": "user", "content": "Yes."}', None),
    ('{"role": "user", "content": "Yes."}', "", "the first message is not the assistant's"),
    (
        '{"role": "assistant", "content": "Hm?"}',
        '{"role": "user", "content": "Yes."}, {"role": "user", "content": "Yes!"}',
        "message 3 is the user's, but does not follow what the assistant says",
    ),
]


@pytest.mark.parametrize(("first", "second", "message"), TALK)
def test_user_in_a_demonstration(project, first, second, message):
    project.edit(SPEC, "  answer:\n", "  user: {script: [Hm.]}\n  answer:\n")
    talk = ", ".join(filter(None, (first, second)))
    project.edit(DEMOS, '"messages": [', f'"messages": [{talk}, ')
    try:
        compile_spec(project.spec)
        found = []
    except CompileFailed as error:
        found = [fault.message for fault in error.diagnostics]
    assert found == ([message] if message else [])


def test_empty_split(project):
    project.write("specs/data/test.jsonl", "\n")
    (fault,) = faults(project.spec)
    assert (fault.code, fault.path) == ("MRLC321", "data.test")


def test_empty_table(project):
    project.write("specs/bikes.csv", "number,job,days\n")
    (fault,) = faults(project.spec)
    assert (fault.code, fault.path) == ("MRLC321", "environment.tools.0.replay.table")


@pytest.mark.parametrize("row", ['"t1", "question": "other"', '"other", "question": "Bike 1?"'])
def test_task_in_two_splits(project, row):
    text = '{"id": ' + row + ', "expected": {"job": "J1", "days": 3}}'
    project.write("specs/data/test.jsonl", text)
    (fault,) = faults(project.spec)
    assert fault.code == "MRLC323"
    assert fault.labels[0].span.file.endswith("train.jsonl")


def test_stock_engine_without_tools(project):
    text = project.spec.read_text()
    start, end = text.index("  state:\n"), text.index("  answer:")
    project.spec.write_text(text[:start] + text[end:])
    project.edit("specs/desk.yaml", "steps: 2,", "engine: stock,")
    project.edit("specs/desk.yaml", "warm_start:\n  demonstrations: data/demos.jsonl\n", "")
    project.edit("specs/desk.yaml", "base: tiny", "base: org/name")
    (fault,) = faults(project.spec)
    assert fault.code == "MRLC212"


@pytest.mark.parametrize(
    ("option", "code", "column"),
    [
        ("algorithm.steps", "MRLC307", 1),
        ("name.first=x", "MRLC307", 6),
        ("reward.components.7.weight=1", "MRLC307", 19),
        ("algorithm.gruop_size=4", "MRLC204", 11),
        ("algorithm.steps='4'", "MRLC205", 17),
        ("algorithm.steps=[", "MRLC102", 17),
        ("data.train=none.jsonl", "MRLC310", 12),
    ],
)
def test_override(project, option, code, column):
    (fault,) = faults(project.spec, ["algorithm.loss=grpo", option])
    place = (fault.code, fault.span.file, fault.span.line, fault.span.column, fault.span.text)
    assert place == (code, "--set", 2, column, option)


HELPLESS = [
    ("", "overrides nothing", "write path=value", 1, 1),
    ("algorithm.steps", "has no `=`", "write path=value", 1, 16),
    ("=5", "no path before its `=`", "write path=value", 1, 3),
    ("algorithm.steps =4", "holds no spaces", "write path=value", 16, 17),
    ("name=a\nb", "the value for `name` has a line break", "--set 'name=\"one\\ntwo\"'", 6, 9),
    ("name=a\n", "the value for `name` has a line break", "double quotes", 6, 8),
    ("model=\n  base: tiny", "`model` has a line break", "on a line: {a: 1}", 7, 20),
    ("algorithm..steps=4", "has an empty step", "one dot between two steps", 11, 12),
    ("algorithm.steps.=4", "has an empty step", "one dot", 17, 18),
    ("reward.components[0].weight=1", "no step of", ": reward.components.0.weight", 8, 21),
    ("steps=4", "no `steps` at the top", "begins at the top: `algorithm.steps`", 1, 6),
    ("weight=1", "no `weight`", "`reward.components.0.weight` or `reward.comp", 1, 7),
    ("reward.components.2=1", "not an index from 0 to 1", "reward.components=[…]", 19, 20),
    ("alerts.use.0=x", "`alerts.use` is an empty list", "alerts.use=[…]", 12, 13),
    ("algorithm.stepz=5", "unknown key `stepz`", "did you mean `steps`?", 11, 16),
]


@pytest.mark.parametrize(("option", "message", "help", "start", "end"), HELPLESS)
def test_override_that_says_what_to_write(project, option, message, help, start, end):
    (fault,) = faults(project.spec, ["alerts.use=[]", option])
    assert message in fault.message
    assert help in fault.help
    assert (fault.span.column, fault.span.end_column) == (start, end)


def test_a_line_break_as_its_help_says(project):
    compiled = compile_spec(project.spec, overrides=['description="one\\ntwo"'])
    assert compiled.plan.experiment.description == "one\ntwo"


def test_fault_of_a_base_is_in_the_base(project):
    project.write("specs/lib/base.yaml", "algorithm:\n  beta: -1\n")
    project.edit("specs/desk.yaml", "\nturns:", "\nextends: lib/base.yaml\nturns:")
    (fault,) = faults(project.spec)
    assert fault.span.file.endswith("lib/base.yaml")
    assert (fault.span.line, fault.span.column) == (2, 9)


@pytest.mark.parametrize(
    ("more", "code", "at"),
    [
        ("weight: 2", "MRLC207", "2"),
        ("weight: 0.1, per: x", "MRLC206", "x"),
        ("weight: 0.1, hue: 1", "MRLC204", "hue"),
    ],
)
def test_fault_beside_a_key_that_is_named_as_its_kind(project, more, code, at):
    """pydantic's path to it has the kind in it, which is the name of another key here."""
    project.edit(SPEC, POLITE, POLITE.replace("weight: 0.1", more))
    (fault,) = [one for one in faults(project.spec) if one.code.startswith("MRLC2")]
    assert (fault.code, fault.span.text[fault.span.column - 1 :][: len(at)]) == (code, at)


def test_row_that_cannot_be_read_is_not_missed_by_demonstrations(project):
    project.edit(TRAIN, '{"id": "t1",', '{"id": "t1"')
    (fault,) = faults(project.spec)
    assert fault.code == "MRLC320"


def test_broken_python_is_said_once(project):
    project.edit(SPEC, "    json:", '    python: "rewards.py:read"\n    json:')
    project.edit("specs/rewards.py", "def polite(", "def polite((")
    assert [fault.code for fault in faults(project.spec)] == ["MRLC335"]


LONG = '{"role": "assistant", "content": "Hm."}'


def test_demonstration_is_no_longer_than_an_episode(project):
    project.edit(SPEC, "  answer:\n", "  user: {script: [Hm.]}\n  answer:\n")
    talk = ", ".join([LONG, '{"role": "user", "content": "Yes."}'] * 2)
    project.edit(DEMOS, '"messages": [', f'"messages": [{talk}, ')
    (fault,) = faults(project.spec)
    assert (fault.code, fault.message) == (
        "MRLC336",
        "it takes 4 turns; an episode has 3",
    )


def test_call_without_its_result_says_how_one_is_written(project):
    project.edit(DEMOS, '"messages": [', f'"messages": [{CALLED}, ')
    (fault,) = faults(project.spec)
    assert fault.message == "message 2 comes before the result of `find_bike`"
    assert '{"role": "tool", ' in fault.help


CALLED = '{"role": "assistant", "tool_calls": [{"name": "find_bike", "arguments": {"bike": "1"}}]}'


def test_golden_walk_is_no_longer_than_an_episode(project):
    steps = "      - {say: Hm.}\n" * 4
    project.edit(
        SPEC, "turns: {human: 2}\n", f"turns: {{human: 2}}\ngates:\n  golden:\n    walk:\n{steps}"
    )
    found = [fault for fault in faults(project.spec) if fault.code == "MRLC607"]
    assert [fault.message for fault in found] == ["the golden walk takes 4 turns; an episode has 3"]


def test_help_holds_a_whole_sentence(project):
    rule = "alerts: {rules: [{name: slow, metric: reward, above: 1, for_steps: 2}]}\n"
    project.edit(SPEC, "turns: {human: 2}\n", f"turns: {{human: 2}}\n{rule}")
    (fault,) = faults(project.spec)
    assert (fault.code, fault.path) == ("MRLC201", "alerts.rules.0.then")
    assert fault.help.endswith(
        ", or `roll_back` to the last one from before it began, and stop there"
    )
