"""2xx: what may be said."""

from mrlc.compiler.example import Edit
from mrlc.compiler.page import Page

_TWO_TURNS = (Edit("{human: 2}", "{human: 2, max_tokens: 128}"),)
_STEPS = (Edit("steps: 2,", "steps: 20,"),)

PAGES = {
    "MRLC201": Page(
        """\
The section cannot be understood without this key, and there is no default that would be right for
everyone.

Add the key. The help line says what it is; `mrlc explain` with its path says more.""",
        (Edit("  validation: data/validation.jsonl\n", ""),),
    ),
    "MRLC202": Page(
        """\
The value is of one type and its field of another, a list where a text is wanted for instance.

Write a value of the expected type.""",
        (Edit("{human: 2}", "5"),),
        _TWO_TURNS,
    ),
    "MRLC203": Page(
        """\
YAML reads `1e3`, `3.10` and `true` without quotes as a number or a truth value. As text they would
come back in another spelling: `1000.0`, `3.1`.

Quote the value.""",
        (Edit("system: Bike desk.", "system: 3.10"),),
        (Edit("system: Bike desk.", 'system: "3.10"'),),
    ),
    "MRLC204": Page(
        """\
Were the key ignored, the field that was meant would silently keep its default,
and hours of training would tell you.

Correct the name; the help line offers the nearest.""",
        (Edit("group_size", "group_sze"),),
    ),
    "MRLC205": Page(
        """\
`"2"` in quotes is a text, and the field is a number. Nothing is converted behind your back.

Take the quotes away.""",
        (Edit("steps: 2,", 'steps: "2",'),),
        _STEPS,
    ),
    "MRLC206": Page(
        """\
The field is a choice, and the value is none of those there are.

Take one of the listed values.""",
        (Edit("kind: field_accuracy", "kind: field_acuracy"),),
    ),
    "MRLC207": Page(
        """\
The value is outside of what the field can be: a negative count, a group of one, an empty list.

The text under the carets names the bound.""",
        (Edit("group_size: 4", "group_size: 1"),),
        (Edit("group_size: 4", "group_size: 2"),),
    ),
    "MRLC208": Page(
        """\
Some texts become file names, metrics, SQL names or code references, and need a form that all of
these accept.

The text under the carets shows the form.""",
        (Edit("name: desk", "name: Desk 1"),),
        (Edit("name: desk", "name: desk-1"),),
    ),
    "MRLC209": Page(
        """\
Two fields of one section say different things, or neither says what must be said: a tool with two
back ends, an SQL tool that reads and writes.

Keep the one that is meant.""",
        (Edit("- name: book\n", '- name: book\n      python: "rewards.py:polite"\n'),),
    ),
    "MRLC210": Page(
        """\
Some sizes are divided among others, and a remainder has no place to go.

Choose a size that divides; the message names both.""",
        (Edit("steps: 2,", "steps: 2, micro_batch: 3,"),),
        (Edit("steps: 2,", "steps: 2, micro_batch: 4,"),),
    ),
    "MRLC211": Page(
        """\
The field has no effect beside another one. Whoever reads it would believe that it has.

Remove it, or change the other.""",
        (Edit("base: tiny", "base: tiny, revision: abc"),),
    ),
    "MRLC212": Page(
        """\
TRL's own tool loop begins with tools; without any, it runs other code than the loop that it is
there to be compared with.

Use `engine: mrlc`, or declare a tool.""",
        (
            Edit(
                """\
    - name: find_bike
      parameters:
        bike: {type: string}
      replay:
        table: bikes.csv
        match: {bike: number}
        returns: [job, days]
        types: {days: integer}
    - name: book
      parameters:
        day: {type: integer}
      sql: {state: shop, write: "INSERT INTO visits VALUES (:day)"}
""",
                "",
            ),
            Edit("  tools:\n", ""),
            Edit("  state:\n    shop: {sqlite: shop.sql}\n", ""),
            Edit("steps: 2,", "engine: stock, steps: 2,"),
            Edit(
                "warm_start:\n  demonstrations: data/demos.jsonl\n",
                "warm_start:\n  demonstrations: data/short.jsonl\n",
            ),
            Edit(
                None,
                '{"task": "t1", "messages": [{"role": "assistant", "content": "J1"}]}\n',
                "specs/data/short.jsonl",
            ),
        ),
        (Edit("steps: 2,", "engine: stock, steps: 2,"),),
    ),
}
