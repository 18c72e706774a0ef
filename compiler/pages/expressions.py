"""30x: expressions, bases and overrides."""

from mrlc.compiler.example import Edit
from mrlc.compiler.page import Page

_VARS = "\nturns:"


def _with(variables: str) -> Edit:
    return Edit(_VARS, f"\nvars: {variables}\nturns:")


PAGES = {
    "MRLC301": Page(
        """\
A spec is data with values computed in place. Loops and conditions make a text whose lines are not
the lines that you wrote, so that no fault could be shown where it is.

Use an expression, `{{ a if vars.x else b }}`, or a sweep for many variants.""",
        (Edit("steps: 2,", 'steps: "{% if true %}2{% endif %}",'),),
        (Edit("steps: 2,", 'steps: "{{ 2 if true else 3 }}",'),),
    ),
    "MRLC302": Page(
        """\
Expressions know names, literals, arithmetic, comparisons and a few filters. They cannot call, loop
or raise to a power, so that a spec never runs code and its cost is bounded.

Compute what is more than that outside, and write the value.""",
        (Edit("steps: 2,", 'steps: "{{ 2 ** 4 }}",'),),
        (Edit("steps: 2,", 'steps: "{{ 2 * 4 }}",'),),
    ),
    "MRLC303": Page(
        """\
Expressions use the spec's own `vars`; prompts use the columns of the `task`. No other name exists.

Define the variable, or correct its name.""",
        (Edit("steps: 2,", 'steps: "{{ vars.step }}",'), _with("{steps: 2}")),
        (Edit("steps: 2,", 'steps: "{{ vars.steps }}",'), _with("{steps: 2}")),
    ),
    "MRLC304": Page(
        """\
The expression is well formed, but has no value: a division by zero, an operation on the wrong
type, a result too large.

Correct the values that it uses.""",
        (Edit("steps: 2,", 'steps: "{{ 4 // vars.none }}",'), _with("{none: 0}")),
        (Edit("steps: 2,", 'steps: "{{ 4 // vars.some }}",'), _with("{some: 2}")),
    ),
    "MRLC305": Page(
        """\
Variables may use one another in any order, but not in a circle: there is no value to begin with.

Write one of them out.""",
        (_with('{a: "{{ vars.b }}", b: "{{ vars.a }}"}'),),
        (
            _with('{a: "{{ vars.b }}", b: 2}'),
            Edit("group_size: 4", 'group_size: "{{ 2 * vars.a }}"'),
        ),
    ),
    "MRLC306": Page(
        """\
A base is a spec that this one is laid over. The file does not exist, leaves the project, or is
built on this one.

Write its path relative to this file.""",
        (Edit(_VARS, "\nextends: lib/none.yaml\nturns:"),),
        (
            Edit(_VARS, "\nextends: lib/small.yaml\nturns:"),
            Edit(None, "description: A small desk.\n", "specs/lib/small.yaml"),
        ),
    ),
    "MRLC307": Page("""\
`--set path=value` replaces one value of the spec before it is checked; the value is YAML. The path
leads through something that is not a section, or the option has no `=`, or its value holds a line
break.

Write the path as in a message: `--set algorithm.steps=20`, `--set reward.components.0.weight=0.5`."""),
    "MRLC308": Page(
        """\
Whoever changes the variable, or sweeps it, changes nothing, and the runs look alike for a reason
that is hard to see. Mostly a value was written out where the variable was meant. A base under
`extends` may offer variables that not every spec takes; only the spec's own are looked at.

Use it in an expression, or remove it.""",
        (Edit("turns: {human: 2}", "vars: {turns: 2}\nturns: {human: 2}"),),
        (Edit("turns: {human: 2}", 'vars: {turns: 2}\nturns: {human: "{{ vars.turns }}"}'),),
    ),
}
