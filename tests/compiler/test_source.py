"""Text to tree: the values of YAML 1.2, and a place for each."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mrlc.compiler import CompileFailed
from mrlc.compiler.diagnostics import Diagnostic, fail_on
from mrlc.compiler.source import as_source, parse, parser_class
from mrlc.compiler.tree import Keys, Mapping, Node, Scalar, children, find, name_span, plain


def tree_of(text: str) -> Node | None:
    faults: list[Diagnostic] = []
    tree = parse(text, as_source(text, "a.yaml"), faults)
    fail_on(faults)
    return tree


def at(node: Node | None, *path: str) -> tuple[int, int, int, int]:
    found = find(node, path)
    assert found is not None
    span = found.span
    return span.line, span.column, span.end_line, span.end_column


def test_parser_is_the_fast_one():
    assert parser_class().__name__ == "CParser"


SCALARS = [
    ("1", 1), ("014", 14), ("0o14", 12), ("0x1F", 31), ("1_000", 1000), ("+1", 1),
    ("1e-6", 1e-6), ("1e5", 1e5), ("3.10", 3.1), (".5", 0.5), ("1.", 1.0),
    ("true", True), ("False", False), ("~", None), ("null", None), ("", None),
    ("NO", "NO"), ("on", "on"), ("yes", "yes"), ("12:30", "12:30"), ("2026-01-02", "2026-01-02"),
    ("=", "="), ("a b", "a b"), ("'1'", "1"), ('"1e3"', "1e3"), ("'it''s'", "it's"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SCALARS)
def test_scalar(text, value):
    found = plain(tree_of(f"a: {text}"))["a"]
    assert (found, type(found)) == (value, type(value))


def test_places():
    tree = tree_of("a: 1\nb:\n  - x\n  - {c: 'd', e: [1,\n     2]}\n")
    assert at(tree, "a") == (1, 4, 1, 5)
    assert at(tree, "b", "0") == (3, 5, 3, 6)
    assert at(tree, "b", "1") == (4, 5, 5, 9)
    assert at(tree, "b", "1", "c") == (4, 9, 4, 12)
    assert at(tree, "b", "1", "e", "1") == (5, 6, 5, 7)
    assert name_span(tree, ("b", "1", "e")).column == 14


def test_place_of_an_alias_is_its_use():
    tree = tree_of("a: &x [1, 2]\nb: *x\n")
    assert plain(tree) == {"a": [1, 2], "b": [1, 2]}
    assert at(tree, "b") == (2, 4, 2, 6)
    assert at(tree, "b", "0") == (1, 8, 1, 9)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end):
    tree = tree_of(f"a: 1{end}b:{end}  c: é{end}")
    assert at(tree, "b", "c") == (3, 6, 3, 7)
    assert find(tree, ("b", "c")).span.text == "  c: é"


def test_columns_are_code_points():
    assert at(tree_of("a: [🚲🚲, x]"), "a", "1") == (1, 9, 1, 10)


def test_byte_order_mark(tmp_path):
    from mrlc.compiler.source import read_text

    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    text = read_text(tmp_path / "a.yaml")
    assert at(tree_of(text), "a") == (1, 4, 1, 5)


def test_original_text_is_kept():
    tree = tree_of("a: 1e3\nb: '1e3'\n")
    assert find(tree, ("a",)).text == "1e3"
    assert find(tree, ("b",)).text is None


keys = st.text("abcß日_ -", min_size=1, max_size=6).filter(lambda key: key.strip() == key)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4)
)


def dump(value: object) -> str | None:
    from io import StringIO

    out = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_unicode = True
    try:
        yaml.dump(value, out)
    except YAMLError:
        return None
    return out.getvalue()


def leaves_of(node: Node, at: Keys = ()) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [node]
    return [leaf for key, below, _ in children(node) for leaf in leaves_of(below, (*at, key))]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(keys, values, max_size=5))
def test_values_are_those_of_ruamel(value):
    text = dump(value)
    try:
        expected = YAML(typ="safe").load(text)
    except YAMLError:
        with pytest.raises(CompileFailed):
            tree_of(text)
        return
    tree = tree_of(text)
    assert isinstance(tree, Mapping)
    assert same(plain(tree), expected)
    for leaf in leaves_of(tree):
        if leaf.text and leaf.span.line == leaf.span.end_line:
            written = leaf.span.text[leaf.span.column - 1 : leaf.span.end_column - 1]
            assert written == leaf.text


def same(ours: object, theirs: object) -> bool:
    """Equal, where a date is still its text."""
    if isinstance(theirs, date | datetime):
        return isinstance(ours, str)
    if isinstance(theirs, float) and math.isnan(theirs):
        return isinstance(ours, float) and math.isnan(ours)
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[k], theirs[k]) for k in theirs)
    if isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return type(ours) is type(theirs) and ours == theirs


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab:- \n\t[]{}&*'\"#|>?!%@`,<1.éx\r\x85\u2028"), max_size=30))
def test_any_text_is_a_tree_or_a_located_fault(text):
    try:
        tree_of(text)
    except CompileFailed as error:
        for fault in error.diagnostics:
            assert fault.span.line >= 1
            assert fault.span.column >= 1
