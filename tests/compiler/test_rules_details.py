"""Details of checks that a table of faults does not show."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.files import InputFile
from mrlc.compiler.rules.answers import allows
from mrlc.compiler.rules.final_state import is_ordered
from mrlc.compiler.rules.sql import columns, placeholders, statements
from mrlc.schemas.answer import Field_


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("SELECT 1;", [(1, "SELECT 1;")]),
        ("SELECT 1; SELECT 2;\n", [(1, "SELECT 1;"), (1, " SELECT 2;")]),
        ("-- a; b\n\nSELECT ';';", [(3, "-- a; b\n\nSELECT ';';")]),
        ("/* x;\ny */ SELECT\n1", [(1, "/* x;\ny */ SELECT\n1\n")]),
        (";;\n", []),
    ],
)
def test_statements(script, expected):
    assert list(statements(script)) == expected


def test_trigger_is_one_statement():
    body = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n SELECT 1;\n SELECT 2;\nEND;"
    assert [line for line, _ in statements(body)] == [1]


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("SELECT :a, :b", ["a", "b"]),
        ("SELECT ':no', \":no\", :a -- :no", ["a"]),
        ("SELECT /* :no */ :a", ["a"]),
    ],
)
def test_placeholders(statement, names):
    assert placeholders(statement) == names


def test_bytes_that_are_no_text_are_shown_with_what_to_do(tmp_path):
    (fault,) = table(tmp_path, "a.csv", b"name\r\nJos\xe9 P.\r\n").faults
    assert (fault.span.text, fault.span.column, fault.span.end_column) == ("Jos\ufffd P.", 4, 5)
    assert (fault.message, fault.help) == (
        "the file is not UTF-8: byte 0xe9",
        "save the file as UTF-8",
    )


def table(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return InputFile(name, path).table


def test_csv_record_over_several_lines(tmp_path):
    found = table(tmp_path, "a.csv", '\ufeffa,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n')
    assert [(row.line, row.values) for row in found.rows] == [
        (2, {"a": "1", "b": "x\r\ny"}),
        (5, {"a": "2", "b": "z"}),
    ]


@pytest.mark.parametrize(
    ("name", "text", "line", "column"),
    [
        ("a.jsonl", '{"a": 1}\n\n{"a": NaN}\n', 3, 1),
        ("a.jsonl", '{"a": 1, "a": 2}\n', 1, 1),
        ("a.jsonl", '{"a": 1}\n{"a" 1}\n', 2, 6),
        ("a.jsonl", "[" * 100_000, 1, 1),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xff"}\n', 2, 8),
        ("a.csv", b"\xef\xbb\xbfa,\xc3\xa9\r\n1,\xe9\r\n", 2, 3),
        ("a.csv", b"\xef\xbb\xbf\xc3\xa9,\xe9\n", 1, 3),
        ("a.csv", b"\xff\xfea\x00", 1, 1),
        ("a.csv", "a,a\n1,2\n", 1, 1),
        ("a.csv", 'a,b\n1,"x\n', 2, 1),
        ("a.csv", "a,b\n1,2,3\n", 2, 1),
    ],
)
def test_bad_row(tmp_path, name, text, line, column):
    (fault,) = table(tmp_path, name, text).faults
    assert (fault.code, fault.span.line, fault.span.column) == ("MRLC320", line, column)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (Field_(type="integer"), 3, True),
        (Field_(type="integer"), 3.0, True),
        (Field_(type="integer"), 3.5, False),
        (Field_(type="integer"), True, False),
        (Field_(type="number"), 3, True),
        (Field_(type="string"), "x", True),
        (Field_(type="string"), 1, False),
        (Field_(type="boolean"), False, True),
        (Field_(type="boolean"), 0, False),
        (Field_(enum=("a", 1)), 1.0, True),
        (Field_(enum=("a", 1)), True, False),
    ],
)
def test_answer_field(field, value, expected):
    assert allows(field, value) is expected


CALL = {"type": "function", "function": {"name": "find_bike", "arguments": {"bike": "1"}}}
ASKS = {"role": "assistant", "content": "", "tool_calls": [CALL]}
SAYS = {"role": "assistant", "content": "x"}
TOOL = {"role": "tool", "content": "{}"}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([SAYS], None),
        ([ASKS, TOOL, SAYS], None),
        ([], "has `messages`"),
        ([{"role": "user", "content": "x"}, SAYS], "first message"),
        ([SAYS, TOOL], "no call is waiting"),
        ([ASKS, SAYS], "before the result of `find_bike`"),
        ([ASKS, TOOL], "ends with the assistant"),
        ([{**ASKS, "tool_calls": [{"function": {"name": "x", "arguments": {}}}]}], "is no tool"),
        ([{**ASKS, "tool_calls": ["x"]}], "malformed"),
        ([{"role": "assistant", "content": 5}], "no text"),
        (["x"], "first message"),
    ],
)
def test_demonstration(project, messages, reason):
    text = json.dumps({"task": "t1", "messages": messages}) + "\n"
    project.write("specs/data/demos.jsonl", text)
    if reason is None:
        compile_spec(project.spec)
        return
    with pytest.raises(CompileFailed, match=reason):
        compile_spec(project.spec)


def test_id_is_the_row_number_where_there_is_none(project):
    row = {"question": "q", "expected": {"job": "J", "days": 1}}
    rows = [{**row, "question": "a"}, {**row, "question": "b", "id": "0"}]
    project.write("specs/data/train.jsonl", "".join(json.dumps(one) + "\n" for one in rows))
    with pytest.raises(CompileFailed, match="two tasks have the id `0`"):
        compile_spec(project.spec)


def test_csv_split(project):
    for split in ("train", "validation", "test"):
        project.write(f"specs/data/{split}.csv", f'question,expected\n{split},"x"\n')
        project.edit("specs/desk.yaml", f"data/{split}.jsonl", f"data/{split}.csv")
    project.edit(
        "specs/desk.yaml", "    json: {job: {type: string}, days: {type: integer}}", "    tag: out"
    )
    project.write("specs/data/demos.jsonl", json.dumps({"task": 0, "messages": [SAYS]}) + "\n")
    project.edit("specs/desk.yaml", "prompts_per_step: 2", "prompts_per_step: 1")
    assert compile_spec(project.spec).tasks == {"train": 1, "validation": 1, "test": 1}


def test_null_cells_have_no_type(project):
    project.edit("specs/bikes.csv", "2,J2,0", "2,J2,")
    compile_spec(project.spec)


def test_full_text_search_is_allowed_in_a_seed(project):
    project.write(
        "specs/shop.sql", "CREATE TABLE visits (day);\nCREATE VIRTUAL TABLE f USING fts5(x);\n"
    )
    compile_spec(project.spec)


@pytest.mark.parametrize(
    ("statement", "kind", "names"),
    [
        ("SELECT a, b AS c FROM t;", "read", ["a", "c"]),
        ("WITH x AS (SELECT 1 AS y) SELECT y, :p AS q FROM x -- end", "read", ["y", "q"]),
        ("INSERT INTO t VALUES (:a, 2)", "write", []),
        ("INSERT INTO t VALUES (:a, 2) RETURNING *, rowid AS id;", "write", ["a", "b", "id"]),
        ("UPDATE t SET a = 1 WHERE b = :b returning a + 1 AS next", "write", ["next"]),
    ],
)
def test_columns(statement, kind, names):
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript("CREATE TABLE t (a UNIQUE, b NOT NULL); INSERT INTO t VALUES (1, 2)")
        assert columns(database, statement, kind) == names
        assert database.execute("SELECT * FROM t").fetchall() == [(1, 2)]


@pytest.mark.parametrize(
    ("statement", "ordered"),
    [
        ("SELECT a FROM t ORDER BY a", True),
        ("SELECT a FROM t order\n by a", True),
        ("SELECT a FROM t", False),
        ("SELECT a FROM (SELECT a FROM t ORDER BY (a))", False),
        ("SELECT 'ORDER BY' FROM t -- ORDER BY", False),
    ],
)
def test_order(statement, ordered):
    assert is_ordered(statement) == ordered
