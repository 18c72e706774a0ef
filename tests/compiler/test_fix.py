"""A fix changes the spans it names and not one byte more."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.diagnostics import Diagnostic, Fix, Span
from mrlc.compiler.fix import apply, splice
from mrlc.compiler.source import BREAK
from mrlc.compiler.suggest import certain

SPEC = "specs/desk.yaml"


def find(project):
    def faults():
        try:
            compile_spec(project.spec)
        except CompileFailed as error:
            return error.diagnostics
        return ()

    return faults


# (text of the good spec, a mistake in its place, whether the mend is safe); quotes that were
# written stay, and so they are part of the good text
MENDS = {
    "misspelt key": ("group_size: 4", "group_sze: 4", True),
    "quoted key": ("'group_size': 4", "'group_sze': 4", True),
    "misspelt section": ("\nturns:", "\nturnz:", True),
    "misspelt required key": ("  validation:", "  validaton:", True),
    "quoted number": ("steps: 2,", 'steps: "2",', True),
    "single quotes": ("steps: 2,", "steps: '2',", True),
    "blank line with a tab": ("\n\nturns:", "\n \t\nturns:", True),
    "tab": ("\n  system:", "\n\tsystem:", False),
    "choice": ("kind: field_accuracy", "kind: field_acuracy", False),
    "quoted choice": ('kind: "field_accuracy"', 'kind: "field_acuracy"', False),
    "type": ("{type: integer}\n      sql", "{type: intger}\n      sql", False),
    "column of a prompt": ("{{ task.question }}", "{{ task.qestion }}", False),
    "column of an answer": (
        "exact_fields, against: task.expected",
        "exact_fields, against: task.expcted",
        False,
    ),
    "column of a table": ("[job, days]", "[job, dys]", False),
    "matched column": ("{bike: number}", "{bike: nmber}", False),
    "argument": ("{bike: number}", "{bke: number}", False),
    "placeholder": (":day", ":dey", False),
    "state": ("state: shop, write", "state: shp, write", False),
    "file": ("data/train.jsonl", "data/tran.jsonl", False),
    "function": ('"rewards.py:polite"', '"rewards.py:polit"', False),
}


@pytest.mark.parametrize(("good", "bad", "is_safe"), MENDS.values(), ids=MENDS)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_mend(project, good, bad, is_safe, ends):
    """Safe mends restore the spec by themselves, unsafe ones when they are asked for."""
    plain = good.replace("'", "").replace('kind: "field_accuracy"', "kind: field_accuracy")
    project.edit(SPEC, plain.replace("\n\n", "\n"), good)
    project.edit(SPEC, "system: Bike desk.", "system: Bike desk. 🚲  # é")
    wanted = project.spec.read_text()
    project.edit(SPEC, good, bad)
    project.write(SPEC, project.spec.read_text().replace("\n", ends))
    broken = project.spec.read_bytes()
    fixed = apply(find(project))
    assert bool(fixed.mended) is is_safe
    if not is_safe:
        assert project.spec.read_bytes() == broken
        fixed = apply(find(project), unsafe=True)
    assert (len(fixed.mended), fixed.remaining) == (1, ())
    assert project.spec.read_bytes().decode() == wanted.replace("\n", ends)
    again = project.spec.read_bytes()
    assert apply(find(project), unsafe=True).mended == ()
    assert project.spec.read_bytes() == again


def test_text_that_yaml_reads_as_a_number(project):
    project.edit(SPEC, "system: Bike desk.", "system: 1e3   # a number")
    apply(find(project))
    assert 'system: "1e3"   # a number' in project.spec.read_text()


def test_one_mend_shows_the_next(project):
    project.edit(SPEC, "group_size: 4", 'gruop_size: "4"')
    fixed = apply(find(project))
    assert [fault.code for fault in fixed.mended] == ["MRLC204", "MRLC205"]
    assert fixed.remaining == ()


def test_byte_order_mark_and_permissions_stay(project):
    project.edit(SPEC, "group_size: 4", "group_sze: 4")
    project.write(SPEC, "\ufeff" + project.spec.read_text())
    os.chmod(project.spec, 0o640)
    apply(find(project))
    assert project.spec.read_bytes().startswith(b"\xef\xbb\xbfmrlc")
    assert b"group_size: 4" in project.spec.read_bytes()
    assert project.spec.stat().st_mode & 0o777 == 0o640


def test_link_stays_a_link(project):
    project.edit(SPEC, "group_size: 4", "group_sze: 4")
    target = project.spec.rename(project.root / "specs/real.yaml")
    project.spec.symlink_to("real.yaml")
    apply(find(project))
    assert project.spec.is_symlink()
    assert "group_size: 4" in target.read_text()


def test_base_is_mended_where_it_is(project):
    base = project.write("specs/lib/base.yaml", "algorithm:\n  bta: 0.5 # low\n")
    project.edit(SPEC, "\nturns:", "\nextends: lib/base.yaml\nturns:")
    before = project.spec.read_bytes()
    apply(find(project), unsafe=True)
    assert base.read_text() == "algorithm:\n  beta: 0.5 # low\n"
    assert project.spec.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("steps: 2,", 'steps: "{{ vars.n }}",'),  # the text stands under vars
        ("steps: 2,", "steps: *n,"),  # or at the anchor
        ("group_size: 4", "group_sze: 4, group_size: 8"),  # the right key is there
        ("group_size: 4", "group_sze: 4, group_siz: 8"),  # both would become one key
    ],
)
def test_not_certain_and_so_left_alone(project, old, new):
    project.edit(SPEC, "\nturns:", '\nvars: {n: &n "2"}\nturns:')
    project.edit(SPEC, old, new)
    fixed = apply(find(project))
    text = project.spec.read_text()
    assert fixed.remaining
    assert (new in text) or text.count("group_size") == 1


def test_fixes_that_contradict_each_other_leave_the_file_alone(tmp_path):
    """One anchor where two things are needed: each mend brings the other fault back."""
    file = tmp_path / "a.yaml"
    file.write_text("k: one")

    def faults():
        was = file.read_text().removeprefix("k: ")
        now = "two" if was == "one" else "one"
        span = Span(str(file), 1, 4, 1, 7, f"k: {was}")
        return [Diagnostic("MRLC206", was, span, fix=Fix.at(span, was, now, is_safe=True))]

    fixed = apply(faults)
    assert (fixed.mended, len(fixed.remaining)) == ((), 1)
    assert file.read_text() == "k: one"


def test_override_has_no_fix(project):
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec, overrides=["algorithm.gruop_size=4", "algorithm.steps='4'"])
    assert [fault.fix for fault in caught.value.diagnostics] == [None, None]


@pytest.mark.parametrize(
    ("word", "names", "meant"),
    [
        ("group_sze", ["group_size", "steps"], "group_size"),
        ("schem", ["schemas", "schemes"], None),
        ("warm_steps", ["steps", "warmup_steps"], "warmup_steps"),
        ("x", ["group_size"], None),
        ("x", [], None),
    ],
)
def test_certain(word, names, meant):
    assert certain(word, names) == meant


PIECES = st.sampled_from(["a", "é", "🚲", " ", ":", "#", "\n", "\r\n", "\r", "\u2028", "\x85"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine
@given(st.lists(PIECES, max_size=60).map("".join), st.data())
def test_only_the_spans_change(text, data):
    """Every code point outside of the spans is where it was, whatever ends the lines."""
    lines = BREAK.split(text)
    number = data.draw(st.integers(1, len(lines)))
    line = lines[number - 1]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), min_size=2, max_size=6)))
    spans = [
        Span("/a", number, start + 1, number, end + 1, line)
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
        if start < end
    ]
    after = splice(text, dict.fromkeys(spans, "NEW"))
    kept = "".join(_outside(line, spans))
    rebuilt = BREAK.split(after)[number - 1].replace("NEW", "")
    assert rebuilt == kept
    assert len(after) - len(text) == sum(3 - (s.end_column - s.column) for s in spans)
    assert spans or after == text


def _outside(line, spans):
    for index, letter in enumerate(line, start=1):
        if not any(span.column <= index < span.end_column for span in spans):
            yield letter


@pytest.mark.parametrize("written", ["*a", '"b"', "{{ vars.a }}", ""])
def test_fix_needs_the_text_that_it_replaces(written):
    text = f"k: {written}"
    assert Fix.at(Span("/a", 1, 4, 1, len(text) + 1, text), "a", "c") is None


SPLITS = {
    "a missing split": ({"test.jsonl": "tets.jsonl"}, []),
    "one is taken": ({"test.jsonl": None}, ["no such file: `data/test.jsonl`"]),
}


@pytest.mark.parametrize("case", SPLITS)
def test_a_split_is_never_mended_to_be_another(project, case):
    moved, left = SPLITS[case]
    for old, new in moved.items():
        path = project.root / "specs/data" / old
        path.rename(path.with_name(new)) if new else path.unlink()
    fixed = apply(find(project), unsafe=True)
    assert [fault.message for fault in fixed.remaining] == left
    assert all(fault.help is None for fault in fixed.remaining)


def test_two_splits_are_never_mended_to_be_one(project):
    project.edit(SPEC, "data/validation.jsonl", "data/trains.jsonl")
    project.root.joinpath("specs/data/validation.jsonl").unlink()
    train = project.root / "specs/data/train.jsonl"
    train.rename(train.with_name("traine.jsonl"))
    fixed = apply(find(project), unsafe=True)
    assert "train: data/traine.jsonl" in project.spec.read_text()
    assert [fault.message for fault in fixed.remaining] == ["no such file: `data/trains.jsonl`"]


def test_initials_are_a_name(project):
    project.edit(SPEC, "steps: 2,", "steps: 2, lr: 1.0e-5,")
    (fault,) = apply(find(project)).remaining
    assert fault.help == "did you mean `learning_rate`?"
