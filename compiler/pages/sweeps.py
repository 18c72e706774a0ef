"""4xx: sweeps."""

from mrlc.compiler.example import Edit, Example
from mrlc.compiler.page import Page


def _swept(section: str) -> Example:
    """The example project with a sweep."""
    return (Edit("mrlc: v1\n", f"mrlc: v1\nsweep: {section}\n"),)


PAGES = {
    "MRLC401": Page(
        """\
An axis names a value of the spec by its dotted path; a path that leads nowhere would leave every
variant the same.

Write the path as the spec nests it: `algorithm.group_size`, `vars.lr`, `reward.components.0.weight`.""",
        _swept("{over: {algorithm.group_sze: [4, 8]}}"),
        _swept("{over: {algorithm.learning_rate: [1.0e-5, 1.0e-4]}}"),
    ),
    "MRLC402": Page(
        """\
Some values belong to the whole sweep: the name is the variant's own, and bases and variables as a
whole are read before any variant exists.

Sweep what lies below them.""",
        _swept("{over: {name: [a, b]}}"),
        _swept("{over: {algorithm.steps: [10, 20]}}"),
    ),
    "MRLC403": Page(
        """\
A value given twice would be trained twice, and a path on two axes has two values at once.

Leave one of them out.""",
        _swept("{over: {algorithm.steps: [1, 2, 1]}}"),
        _swept("{over: {algorithm.steps: [1, 2]}}"),
    ),
    "MRLC404": Page(
        """\
Lists of one `zip` group advance together, so each needs a value for every step.

Make them equally long, or move one to `over` for every combination.""",
        _swept("{zip: [{algorithm.steps: [1, 2], algorithm.beta: [0.0]}]}"),
        _swept("{zip: [{algorithm.steps: [1, 2], algorithm.beta: [0.0, 0.1]}]}"),
    ),
    "MRLC405": Page(
        """\
An exclusion that fits nothing is mostly a typing mistake, and the combination that it meant is paid
for.

Write its values as the axes write them.""",
        _swept("{over: {algorithm.steps: [1, 2]}, exclude: [{algorithm.steps: 3}]}"),
        _swept("{over: {algorithm.steps: [1, 2, 3]}, exclude: [{algorithm.steps: 3}]}"),
    ),
    "MRLC406": Page(
        """\
The exclusions leave no combination.

Take one of them back, or add values.""",
        _swept("{over: {algorithm.steps: [1]}, exclude: [{algorithm.steps: 1}]}"),
        _swept("{over: {algorithm.steps: [1, 2]}, exclude: [{algorithm.steps: 1}]}"),
    ),
    "MRLC407": Page(
        """\
Combinations multiply: four axes of ten values are 10,000 experiments.

Drop an axis, advance some together with `zip`, or keep a subset with `sample`.""",
    ),
    "MRLC408": Page(
        """\
The values of a sweep are known before any variant is. One that is computed from a swept variable
would depend on the variant that it makes.

Compute it in the spec instead, from the swept variable.""",
        (
            Edit(
                "mrlc: v1\n",
                "mrlc: v1\nvars: {n: 1}\n"
                'sweep: {over: {vars.n: [1, 2], algorithm.steps: ["{{ vars.n }}"]}}\n',
            ),
        ),
        (
            Edit("mrlc: v1\n", "mrlc: v1\nvars: {n: 1}\nsweep: {over: {vars.n: [1, 2]}}\n"),
            Edit("steps: 2", 'steps: "{{ vars.n }}"'),
        ),
    ),
    "MRLC409": Page(
        """\
Everything that changes what is learned is the same for both, so the second is paid for and tells
nothing new. Mostly an axis sets a label or a place to run, or a variable that no longer stands
where it was meant.

Drop the axis, or see with `mrlc explain PATH` where the value comes from.""",
        _swept("{over: {target.local.threads: [1, 2]}}"),
        _swept("{over: {algorithm.steps: [2, 3]}}"),
    ),
}
