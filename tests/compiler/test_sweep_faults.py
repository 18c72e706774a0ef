"""Every fault of a sweep at its place, and the faults of many variants said once."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_variants

LR = "algorithm.learning_rate"

# (code, the section with «marks» around the span)
CASES = {
    "nothing": ("MRLC202", "sweep:«»\n"),
    "nothing swept": ("MRLC209", "«sweep»: {exclude: []}\n"),
    "unknown key": ("MRLC204", "sweep: {over: {algorithm.steps: [1]}, «exlude»: []}\n"),
    "no list": ("MRLC202", "sweep: {over: {algorithm.steps: «3»}}\n"),
    "empty list": ("MRLC207", "sweep: {over: {algorithm.steps: «[]»}}\n"),
    "no path": ("MRLC208", "sweep: {over: {«a..b»: [1]}}\n"),
    "unknown field": ("MRLC401", "sweep: {over: {«algorithm.group_sze»: [4]}}\n"),
    "unknown section": ("MRLC401", "sweep: {over: {«algoritm.steps»: [4]}}\n"),
    "unknown variable": ("MRLC401", "vars: {rate: 1}\nsweep: {over: {«vars.rte»: [4]}}\n"),
    "variable without vars": ("MRLC401", "vars: {rate: 1}\nsweep: {over: {«rate»: [4]}}\n"),
    "index beyond": ("MRLC401", "sweep: {over: {«reward.components.2.weight»: [1.0]}}\n"),
    "below a value": ("MRLC401", "sweep: {over: {«model.base.x»: [a]}}\n"),
    "unknown path of a variant": ("MRLC401", "sweep: {variants: {a: {«turns.humn»: 2}}}\n"),
    "the name": ("MRLC402", "sweep: {over: {«name»: [a, b]}}\n"),
    "all variables": ("MRLC402", "vars: {a: 1}\nsweep: {over: {«vars»: [{a: 2}]}}\n"),
    "a value twice": ("MRLC403", "sweep: {over: {algorithm.steps: [1, 2, «1»]}}\n"),
    "a path twice": (
        "MRLC403",
        "sweep: {over: {algorithm.steps: [1]}, zip: [{«algorithm.steps»: [2]}]}\n",
    ),
    "a path below another": (
        "MRLC403",
        "sweep: {over: {model.lora: [null], «model.lora.rank»: [2]}}\n",
    ),
    "overlap in a variant": (
        "MRLC403",
        "sweep: {variants: {a: {model.lora.rank: 2, «model.lora»: null}}}\n",
    ),
    "uneven": ("MRLC404", "sweep: {zip: [{algorithm.steps: [1, 2], «algorithm.beta»: [0.0]}]}\n"),
    "exclusion of another path": (
        "MRLC405",
        "sweep: {over: {algorithm.steps: [1]}, exclude: [«{algorithm.beta: 0.0}»]}\n",
    ),
    "exclusion of another value": (
        "MRLC405",
        "sweep: {over: {algorithm.steps: [1]}, exclude: [{algorithm.steps: «2»}]}\n",
    ),
    "exclusion that no zip has": (
        "MRLC405",
        (
            "sweep:\n  zip: [{algorithm.steps: [1, 2], algorithm.beta: [0.0, 0.1]}]\n"
            "  exclude: [«{algorithm.steps: 1, algorithm.beta: 0.1}»]\n"
        ),
    ),
    "all excluded": (
        "MRLC406",
        "«sweep»: {over: {algorithm.steps: [1]}, exclude: [{algorithm.steps: 1}]}\n",
    ),
    "swept variable in the sweep": (
        "MRLC408",
        'vars: {a: 1}\nsweep: {over: {vars.a: [1, 2], algorithm.steps: ["{{ «vars.a» }}"]}}\n',
    ),
    "bad expression": ("MRLC303", 'sweep: {over: {algorithm.steps: ["{{ «vars.a» }}"]}}\n'),
    "value of an axis": ("MRLC207", "sweep: {over: {algorithm.group_size: [4, «1»]}}\n"),
    "type of an axis": ("MRLC202", "sweep: {zip: [{algorithm.group_size: [4, «4.5»]}]}\n"),
    "file of an axis": ("MRLC310", "sweep: {over: {data.train: [data/train.jsonl, «no.jsonl»]}}\n"),
    "value of a variant": ("MRLC207", "sweep: {variants: {a: {}, b: {turns.human: «0»}}}\n"),
}


def faults(project):
    with pytest.raises(CompileFailed) as caught:
        compile_variants(project.spec)
    return [fault for fault in caught.value.diagnostics if fault.severity == "error"]


@pytest.mark.parametrize(
    ("path", "help", "label"),
    [
        ("algorithm.lr", "did you mean `algorithm.learning_rate`?", "not a field of `algorithm`"),
        ("algorithm.zzz", "mrlc explain algorithm lists its fields", "not a field of `algorithm`"),
        ("zzz", "mrlc schema prints every section", "not a field of a spec"),
    ],
)
def test_an_unknown_path_says_where_the_known_are(project, path, help, label):
    add(project, f"sweep: {{over: {{{path}: [1]}}}}\n")
    (fault,) = faults(project)
    assert (fault.code, fault.help, fault.label) == ("MRLC401", help, label)


def add(project, text):
    project.write("specs/desk.yaml", project.spec.read_text() + text)


@pytest.mark.parametrize(("code", "text"), CASES.values(), ids=CASES)
def test_fault_is_where_it_is(project, code, text):
    add(project, text)
    place = project.unmark()
    (fault,) = faults(project)
    span = fault.span
    end = place[3:] if place[1:3] == place[3:] else (span.end_line, span.end_column)
    found = (span.file, span.line, span.column, *end)
    assert (fault.code, found) == (code, place), fault


@pytest.mark.parametrize(
    ("text", "help"),
    [
        ("sweep: {over: {algorithm.group_sze: [4]}}\n", "did you mean `algorithm.group_size`?"),
        ("vars: {rate: 1}\nsweep: {over: {vars.rte: [4]}}\n", "did you mean `rate`?"),
        ("vars: {rate: 1}\nsweep: {over: {rate: [4]}}\n", "write `vars.rate`"),
    ],
)
def test_nearest_name(project, text, help):
    add(project, text)
    assert faults(project)[0].help == help


@pytest.mark.parametrize("size", [(10_001,), (500, 500)])
def test_too_many(project, size):
    paths = ("algorithm.steps", "algorithm.warmup_steps")
    axes = [f"{path}: {list(range(count))}" for path, count in zip(paths, size, strict=False)]
    add(project, f"sweep: {{over: {{{', '.join(axes)}}}}}\n")
    (fault,) = faults(project)
    assert (fault.code, fault.span.text[:5]) == ("MRLC407", "sweep")


def test_sample_makes_a_large_grid_small(project):
    axes = "algorithm.steps: {0}, algorithm.warmup_steps: {0}".format(list(range(110)))
    add(project, f"sweep: {{over: {{{axes}}}, sample: {{count: 3}}}}\n")
    assert len(compile_variants(project.spec).variants) == 3


SWEEP = "sweep: {over: {algorithm.learning_rate: [0.1, 0.2, 2.0], algorithm.beta: [0.0, 0.1]}}\n"


def test_fault_of_the_base_is_said_once(project):
    add(project, SWEEP.replace("2.0", "0.3"))
    project.edit("specs/desk.yaml", "{human: 2}", "{human: 0}")
    (fault,) = faults(project)
    assert fault.message.endswith(" (and 5 more variants)")


def test_fault_of_one_value_names_a_variant(project):
    add(project, SWEEP)
    (fault,) = faults(project)
    assert fault.message.endswith(" (variant learning_rate=2.0,beta=0.0 and 1 more)")


def test_faults_of_base_and_axis_come_together(project):
    add(project, SWEEP)
    project.edit("specs/desk.yaml", "kind: python, python:", "kind: python, pyton: 1, python:")
    codes = [fault.code for fault in faults(project)]
    assert codes == ["MRLC204", "MRLC207"]


def test_computed_value_is_at_fault_where_it_is_computed(project):
    project.edit("specs/desk.yaml", "steps: 2,", 'steps: 2, learning_rate: "{{ vars.lr * 2 }}",')
    add(project, "vars: {lr: 0.1}\nsweep: {over: {vars.lr: [0.1, 0.6]}}\n")
    (fault,) = faults(project)
    assert fault.path == LR
    assert fault.message.endswith(" (variant lr=0.6)")


def test_fault_that_an_axis_mends_is_none(project):
    project.edit("specs/desk.yaml", "steps: 2,", 'steps: "{{ vars.none }}",')
    add(project, "sweep: {over: {algorithm.steps: [1, 2]}}\n")
    assert len(compile_variants(project.spec).variants) == 2


def test_faults_of_the_sweep_and_of_the_spec_come_together(project):
    add(project, "sweep: {over: {algorithm.group_sze: [4], algorithm.steps: [1, 2]}}\n")
    project.edit("specs/desk.yaml", "{human: 2}", "{human: 0}")
    project.edit("specs/desk.yaml", "{steps: 2,", "{steps: -1,")  # which the axis mends
    codes = [fault.code for fault in faults(project)]
    assert codes == ["MRLC207", "MRLC401"]
