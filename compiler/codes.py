"""The codes of diagnostics. A code never changes its meaning and is never used again.

1xx YAML, 2xx the schema, 3xx expressions, references and the files that a spec names,
4xx sweeps, 5xx practice, 6xx plans on disk and the lock, 7xx the target, 9xx faults of mrlc itself. The table holds the
codes that passes raise; those of rules stand beside their rules and are entered when the rules
are loaded.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """A kind of fault."""

    name: str
    """In words, for a person who searches or silences it."""
    summary: str
    """One sentence: what is wrong."""


CODES: dict[str, Code] = {
    "MRLC101": Code("unreadable-file", "The spec is not a readable UTF-8 text file."),
    "MRLC102": Code("broken-yaml", "The text is not YAML."),
    "MRLC103": Code("not-a-mapping", "A spec, or a base, is empty or not a mapping of sections."),
    "MRLC104": Code("duplicate-key", "A mapping has the same key twice."),
    "MRLC105": Code("merge-key", "The merge key `<<` is not part of the language."),
    "MRLC106": Code("key-not-text", "A key is not text."),
    "MRLC107": Code("yaml-tag", "YAML tags and directives are not part of the language."),
    "MRLC108": Code("not-finite", "A number is infinite or not a number."),
    "MRLC109": Code(
        "too-large", "The spec is larger, deeper or more repetitive than any real one."
    ),
    "MRLC201": Code("missing-key", "A section lacks a key that it needs."),
    "MRLC202": Code("wrong-type", "A value has another type than its field."),
    "MRLC203": Code("unquoted-text", "YAML read a text as a number or a truth value."),
    "MRLC204": Code("unknown-key", "No field has this name."),
    "MRLC205": Code("quoted-number", "A number or truth value is written as text."),
    "MRLC206": Code("unknown-choice", "The value is none of those that the field allows."),
    "MRLC207": Code("out-of-range", "A number, text or list is smaller or larger than allowed."),
    "MRLC208": Code("bad-form", "A text does not have the form of its field."),
    "MRLC209": Code("inconsistent", "Two fields of one section contradict each other."),
    "MRLC210": Code("uneven-split", "A size does not divide evenly."),
    "MRLC211": Code("unused-field", "A field has no effect beside another one."),
    "MRLC212": Code("stock-without-tools", "TRL's own loop needs at least one tool."),
    "MRLC301": Code("template-statement", "A spec holds expressions, not statements or comments."),
    "MRLC302": Code("bad-expression", "An expression is not one of the expression language."),
    "MRLC303": Code("unknown-name", "An expression uses a name that nothing defines."),
    "MRLC304": Code("expression-failed", "An expression has no value."),
    "MRLC305": Code("circular-variables", "A variable is defined by itself."),
    "MRLC306": Code("bad-base", "A file named under `extends` cannot be used."),
    "MRLC307": Code("bad-override", "A `--set` option cannot be applied."),
    "MRLC308": Code("unused-variable", "A variable is used by no expression."),
    "MRLC310": Code("no-such-file", "A file that the spec names cannot be read."),
    "MRLC311": Code("wrong-file-type", "A file has the wrong suffix for its field."),
    "MRLC312": Code("outside-the-root", "A path leaves the project's folder."),
    "MRLC313": Code("not-a-model", "A model folder lacks what a model needs."),
    "MRLC320": Code("bad-row", "A row of a data file cannot be read."),
    "MRLC321": Code("empty-split", "A split or table has no rows."),
    "MRLC322": Code("duplicate-task", "Two tasks of a split have the same id."),
    "MRLC323": Code("shared-task", "A task is in two splits."),
    "MRLC324": Code("unknown-column", "A column is not in the data."),
    "MRLC330": Code("unknown-argument", "A name is not a parameter of its tool."),
    "MRLC331": Code("bad-cell", "A cell is not of its column's type."),
    "MRLC332": Code("unknown-state", "A tool uses a state that is not declared."),
    "MRLC333": Code("bad-sql", "A statement is not one that the state can run."),
    "MRLC334": Code("duplicate-name", "Two things of one kind have the same name."),
    "MRLC335": Code("no-such-function", "A Python file does not define the name."),
    "MRLC336": Code("bad-demonstration", "A demonstration is not a possible episode."),
    "MRLC337": Code("impossible-answer", "No answer can equal the expected value."),
    "MRLC340": Code("not-a-plan-folder", "The folder of a plan is taken by something else."),
    "MRLC346": Code("bad-state-folder", "The folder that a state begins as cannot be carried."),
    "MRLC390": Code("run-time-check", "A check that only a run can make has failed."),
    "MRLC391": Code("broken-plan", "A plan or run folder is absent or not what was compiled."),
    "MRLC401": Code("unknown-axis", "A path of a sweep leads to no value of the spec."),
    "MRLC402": Code("not-an-axis", "A value cannot differ between the variants of a sweep."),
    "MRLC403": Code("repeated-axis", "A sweep gives a path or a value twice."),
    "MRLC404": Code("uneven-zip", "Lists that advance together have different lengths."),
    "MRLC405": Code("idle-exclusion", "An exclusion fits no combination of the sweep."),
    "MRLC406": Code("no-variants", "Nothing remains of a sweep."),
    "MRLC407": Code("too-many-variants", "A sweep has more variants than anyone means to run."),
    "MRLC408": Code("axis-in-sweep", "A value of a sweep is computed from a swept variable."),
    "MRLC409": Code("equal-variants", "Two variants of a sweep are the same experiment."),
    "MRLC601": Code("outdated-plan", "A plan on disk is not the one that its spec gives."),
    "MRLC602": Code("bad-lock", "mrlc.lock cannot be read."),
    "MRLC603": Code("unpinned-model", "mrlc.lock has no commit for a Hub model."),
    "MRLC604": Code("test-split-changed", "The held-out tasks are not those that mrlc.lock froze."),
    "MRLC901": Code("internal", "A fault of mrlc itself."),
}


def register(code: str, entry: Code) -> None:
    """Enter the code of a rule."""
    assert code not in CODES, f"{code} is taken by {CODES[code].name}"
    CODES[code] = entry
