"""Sweeps: which variants there are, what they are called, and that each is its own experiment."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.compiler import CompileFailed, compile_spec, compile_variants, write_plan, write_sweep
from mrlc.compiler.canonical import canonical
from mrlc.compiler.diagnostics import Span
from mrlc.compiler.files import InputFile
from mrlc.compiler.sweep import naming
from mrlc.compiler.tree import Scalar, Source
from mrlc.schemas.plan import Provenance
from tests.children import environment

TWO = "sweep: {over: {algorithm.steps: [1, 2], algorithm.beta: [0.0, 0.1]}}\n"


def add(project, text):
    project.write("specs/desk.yaml", project.spec.read_text() + text)


def swept(project, text):
    add(project, text)
    return compile_variants(project.spec)


def labels(project, text):
    return [one.variant.label for one in swept(project, text).variants]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TWO, ["steps=1,beta=0.0", "steps=1,beta=0.1", "steps=2,beta=0.0", "steps=2,beta=0.1"]),
        (
            "sweep: {zip: [{algorithm.steps: [1, 2], algorithm.beta: [0.0, 0.1]}]}\n",
            ["steps=1,beta=0.0", "steps=2,beta=0.1"],
        ),
        (
            ("sweep:\n  over: {algorithm.steps: [1, 2]}\n"
            "  zip: [{algorithm.beta: [0.0], turns.human: [2]}, {turns.max_tokens: [8, 9]}]\n"),
            [
                f"steps={steps},beta=0.0,human=2,max_tokens={tokens}"
                for steps in (1, 2)
                for tokens in (8, 9)
            ],
        ),
        (
            TWO.replace("}}\n", "}, exclude: [{algorithm.steps: 2, algorithm.beta: 0.1}]}\n"),
            ["steps=1,beta=0.0", "steps=1,beta=0.1", "steps=2,beta=0.0"],
        ),
        ("sweep: {variants: {base: {}, long: {algorithm.steps: 9}}}\n", ["base", "long"]),
        (
            "sweep: {over: {algorithm.steps: [1]}, variants: {base: {}}}\n",
            ["steps=1", "base"],
        ),
        (
            "vars: {n: 3}\nsweep: {over: {algorithm.steps: ['{{ vars.n }}', '{{ vars.n * 2 }}']}}\n",
            ["steps=3", "steps=6"],
        ),
        ("vars: {l: [3, 4]}\nsweep: {over: {algorithm.steps: '{{ vars.l }}'}}\n", ["steps=3", "steps=4"]),
    ],
)  # fmt: skip
def test_variants(project, text, expected):
    assert labels(project, text) == expected


def test_a_sample_does_not_depend_on_order_or_other_values(project):
    original = project.spec.read_text()
    steps = [*range(1, 20)]
    first = labels(
        project, f"sweep: {{over: {{algorithm.steps: {steps}}}, sample: {{count: 5}}}}\n"
    )
    project.write("specs/desk.yaml", original)
    steps.reverse()
    again = labels(
        project, f"sweep: {{over: {{algorithm.steps: {steps}}}, sample: {{count: 5}}}}\n"
    )
    assert again == first[::-1]
    project.write("specs/desk.yaml", original)
    other = labels(
        project, f"sweep: {{over: {{algorithm.steps: {steps}}}, sample: {{count: 5, seed: 1}}}}\n"
    )
    assert len(first) == len(other) == 5
    assert set(other) != set(first)


def test_left_out_is_counted(project):
    found = swept(
        project,
        TWO.replace("}}\n", "}, exclude: [{algorithm.steps: 2}], sample: {count: 1}}\n"),
    )
    assert [(one.count, one.reason) for one in found.left] == [
        (2, "excluded: steps=2"),
        (1, "not in the sample of 1"),
    ]


# A variant is the experiment that its values written by hand give


@pytest.mark.parametrize(
    ("sweep", "overrides"),
    [
        ("over: {algorithm.steps: [3]}", ["algorithm.steps=3"]),
        ("over: {vars.n: [5]}", ["vars.n=5"]),
        ("over: {model.lora: [{rank: 4}]}", ["model.lora={rank: 4}"]),
        ("over: {model.lora.rank: [4]}", ["model.lora.rank=4"]),
        ("over: {environment.tools.0.replay.table: [bikes.csv]}", []),
        ("over: {data.train: [data/other.jsonl]}", ["data.train=data/other.jsonl"]),
        (
            "over: {environment.prompt: ['Say {{ task.question }}']}",
            ["environment.prompt='Say {{ task.question }}'"],
        ),
        ("over: {reward.components.1.weight: [-0.0]}", ["reward.components.1.weight=-0.0"]),
        (
            "zip: [{vars.n: [1, 7], algorithm.beta: [0.0, 0.5]}]",
            ["vars.n=7", "algorithm.beta=0.5"],
        ),
        ("variants: {base: {}}", []),
    ],
)
def test_variant_has_the_digests_of_its_values(project, sweep, overrides):
    project.edit("specs/desk.yaml", "steps: 2,", 'warmup_steps: "{{ vars.n }}", steps: 2,')
    project.write("specs/data/other.jsonl", '{"id": "o1", "question": "?", "expected": '
                  '{"job": "J1", "days": 3}}\n{"id": "t1", "question": "!", "expected": '
                  '{"job": "J1", "days": 3}}\n')  # fmt: skip
    add(project, "vars: {n: 1}\n")
    name = compile_spec(project.spec, overrides=overrides).plan
    add(project, f"sweep: {{{sweep}}}\n")
    one = compile_variants(project.spec).variants[-1]
    by_hand = compile_spec(project.spec, overrides=[*overrides, f"name={one.variant.name}"])
    assert one.digests == by_hand.plan.digests
    assert one.content == canonical(by_hand.plan.model_dump(mode="json", by_alias=True))
    assert one.digests.semantic == name.digests.semantic


def test_sweep_is_no_part_of_the_experiment(project):
    before = compile_spec(project.spec).plan
    add(project, TWO)
    assert compile_spec(project.spec).plan == before


def test_files_are_read_once(project, monkeypatch):
    reads = []
    content = InputFile.content.func
    monkeypatch.setattr(
        InputFile.content, "func", lambda file: (reads.append(file.key), content(file))[1]
    )
    found = swept(project, TWO.replace("algorithm.beta", "environment.system").replace(
        "[0.0, 0.1]", "[a, b]"))  # fmt: skip
    assert len(found.variants) == 4
    assert len(reads) == len(set(reads))


# Names


def scalar(value):
    return Scalar(value, Span("", 1, 1, 1, 1), Source("", ()))


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["vars.lr", "algorithm.group_size"], ["lr", "group_size"]),
        (["warm_start.steps", "algorithm.steps"], ["warm_start.steps", "algorithm.steps"]),
        (["reward.components.0.weight"], ["weight"]),
        (
            ["reward.components.0.weight", "reward.components.1.weight"],
            ["0.weight", "1.weight"],
        ),
    ],
)
def test_short_paths(paths, expected):
    assert list(naming.short_paths(paths).values()) == expected


@pytest.mark.parametrize(
    ("assigned", "expected"),
    [
        ({"lr": 1e-05, "group_size": 4}, "lr-1e-05-group_size-4"),
        ({"lr": 0.001}, "lr-0_001"),
        ({"loss": "dapo", "on": True, "none": None}, "loss-dapo-on-true-none-null"),
        ({"base": "../Models/A"}, "base-models_a-8e5b"),
        ({"x": -1}, "x-1-"),
        ({"prompt": "a long text " * 20}, "prompt-a_long_text_a_long_text_a_long_t-"),
    ],
)
def test_slug(assigned, expected):
    values = {key: scalar(value) for key, value in assigned.items()}
    found = naming.slug(values, {key: key for key in values})
    assert found.startswith(expected.removesuffix("8e5b"))
    assert len(found) <= naming.MAX_SLUG


VALUES = st.one_of(
    st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(), st.sampled_from(["1", "a-b", "a_b", "true", "1e-05", "A", "a"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8))
def test_names_are_safe_and_differ(pairs):
    from mrlc.compiler.sweep.axes import Axis, Plot, spelled
    from mrlc.compiler.sweep.expand import expand

    points = {(spelled(scalar(a)), spelled(scalar(b))): (scalar(a), scalar(b)) for a, b in pairs}
    axis = Axis(("vars.a", "vars.b"), tuple(points.values()))
    plot = Plot((axis,), (), None, {}, Span("", 1, 1, 1, 1))
    variants = expand(plot, "a-rather-long-name-of-an-experiment").variants
    assert len({one.slug.lower() for one in variants}) == len(points)
    assert len({one.name for one in variants}) == len(points)
    for one in variants:
        assert one.slug.replace("-", "").replace("_", "").isalnum()
        assert len(one.name) <= naming.MAX_NAME


def test_another_value_renames_nothing(project):
    original = project.spec.read_text()
    before = {one.variant.slug for one in swept(project, TWO).variants}
    project.write("specs/desk.yaml", original)
    after = {
        one.variant.slug for one in swept(project, TWO.replace("[1, 2]", "[3, 1, 2]")).variants
    }
    assert before < after


# On disk


def test_folders(project):
    found = swept(project, TWO)
    folder = write_sweep(found, project.root / "build")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["steps-1-beta-0_0", "steps-1-beta-0_1", "steps-2-beta-0_0",
                     "steps-2-beta-0_1", "sweep.json"]  # fmt: skip
    manifest = json.loads((folder / "sweep.json").read_bytes())
    assert manifest["variants"][3]["assigned"] == {"algorithm.steps": 2, "algorithm.beta": 0.1}
    for one in found.variants:
        assert (folder / one.variant.slug / "plan.json").read_bytes() == one.content
        for key in one.plan.inputs:
            copy = folder / one.variant.slug / "inputs" / key
            assert copy.read_bytes() == (project.root / key).read_bytes()
            assert copy.stat().st_nlink == 4


def test_provenance_of_a_variant(project):
    found = swept(project, TWO.replace("algorithm.beta", "model.lora").replace(
        "[0.0, 0.1]", "[{rank: 4}, null]"))  # fmt: skip
    folder = write_sweep(found, project.root / "build")
    content = (folder / found.variants[2].variant.slug / "provenance.json").read_bytes()
    at = Provenance.model_validate_json(content).positions
    assert canonical(json.loads(content)) == content
    assert (at["algorithm.steps"].origin, at["algorithm.steps"].line) == ("axis", 39)
    assert (at["model.lora.rank"].origin, at["model.base"].origin) == ("axis", "spec")
    base = compile_spec(project.spec).provenance.positions
    changed = {path for path in at if at[path] != base.get(path)}
    assert changed == {"algorithm.steps", "model.lora", "model.lora.rank"}


def test_stale_variants_go_and_a_plan_gives_way(project):
    original = project.spec.read_text()
    write_plan(compile_spec(project.spec), project.root / "build")
    write_sweep(swept(project, TWO), project.root / "build")
    project.write("specs/desk.yaml", original)
    folder = write_sweep(swept(project, TWO.replace("1, ", "")), project.root / "build")
    assert sorted(path.name for path in folder.iterdir()) == [
        "steps-2-beta-0_0", "steps-2-beta-0_1", "sweep.json"
    ]  # fmt: skip
    write_plan(compile_spec(project.spec), project.root / "build")
    assert (folder / "plan.json").is_file()
    assert not (folder / "sweep.json").exists()


def test_unchanged_sweep_is_left_alone_and_a_tampered_one_is_not(project):
    found = swept(project, TWO)
    folder = write_sweep(found, project.root / "build")
    before = folder.stat().st_ino
    assert write_sweep(found, project.root / "build").stat().st_ino == before
    (folder / "steps-1-beta-0_0/plan.json").write_text("{}")
    assert write_sweep(found, project.root / "build").stat().st_ino != before


def test_folder_that_is_no_plan_is_never_replaced(project):
    project.write("build/desk/precious.txt", "x")
    with pytest.raises(CompileFailed) as caught:
        write_sweep(swept(project, TWO), project.root / "build")
    assert [fault.code for fault in caught.value.diagnostics] == ["MRLC340"]
    assert (project.root / "build/desk/precious.txt").exists()


def test_bytes_do_not_depend_on_hash_seed_folder_locale_or_clock(project):
    add(project, TWO.replace("}}\n", "}, sample: {count: 3}, variants: {b: {}}}\n"))
    program = (
        "import sys, time; now = time.time; time.time = lambda: now() + float(sys.argv[3]);"
        "from pathlib import Path; from mrlc.compiler import *;"
        "write_sweep(compile_variants(Path(sys.argv[1])), Path(sys.argv[2]))"
    )
    found = set()
    for seed, folder, locale in (("0", "/", "C"), ("1", str(project.root), "tr_TR.UTF-8")):
        out = project.root / f"out{seed}"
        spec = os.path.relpath(project.spec, folder)
        zone = "Asia/Tokyo" if seed == "1" else "UTC"
        env = environment(PYTHONHASHSEED=seed, LC_ALL=locale, TZ=zone)
        command = [sys.executable, "-c", program, spec, str(out), f"{seed}e9"]  # 32 years later
        subprocess.run(command, cwd=folder, env=env, check=True)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        found.add(tuple((path.relative_to(out).as_posix(), path.read_bytes()) for path in files))
    assert len(found) == 1
