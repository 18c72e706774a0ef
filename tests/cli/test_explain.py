"""`mrlc explain`: the page of a code, and where a value comes from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mrlc.compiler.codes import CODES
from mrlc.compiler.explain import note_of_field
from mrlc.compiler.pages import pages
from mrlc.compiler.shape import fields_at, names_at


@pytest.mark.parametrize("what", ["MRLC503", "mrlc503", "reward-out-of-range"])
def test_page_shows_the_live_diagnostic(mrlc, what):
    done = mrlc("explain", what)
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("MRLC503  reward-out-of-range", "Bad:", "--> specs/desk.yaml:30:3", "Good:"):
        assert part in done.stdout


def test_snapshot_of_a_page(mrlc, snapshot):
    assert mrlc("explain", "MRLC502").stdout == snapshot


def test_snapshot_of_a_page_without_examples(mrlc, snapshot):
    assert mrlc("explain", "MRLC391").stdout == snapshot


def test_secret_is_never_shown(mrlc):
    done = mrlc("explain", "MRLC518")
    assert "aB3d" not in done.stdout
    assert "•" in done.stdout


def test_every_page_is_printed(capsys):
    from mrlc.cli import main

    for code in pages():
        assert main(["explain", code]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"{code}  {CODES[code].name}\n")
        assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("path", "options", "lines"),
    [
        ("algorithm.steps", [], ["algorithm.steps = 2", "specs/desk.yaml:38:20"]),
        ("algorithm.beta", [], ["algorithm.beta = 0.0", "the spec does not give it"]),
        (
            "algorithm.steps",
            ["--set", "algorithm.steps=7"],
            ["= 7", "from the override, --set:1:17"],
        ),
        ("environment.tools.book.sql.state", [], ['environment.tools.1.sql.state = "shop"']),
        ("description", [], ["from the base, specs/lib/base.yaml:1:14"]),
        ("warm_start", [], ["holds demonstrations, steps"]),
        (
            "environment.tools.book",
            [],
            ["A tool: its name and", "\none of `environment.tools`\n", "holds name, description"],
        ),
        ("reward.components.polite", [], ["\none of `reward.components`\n", "python"]),
        ("environment.tools.find_bike.replay.returns.0", [], ["\nin `environment.tools.0.replay."]),
    ],
)
def test_value_with_its_place(mrlc, project, path, options, lines):
    project.write("specs/lib/base.yaml", "description: A desk.\n")
    text = project.spec.read_text()
    project.spec.write_text(text + "extends: lib/base.yaml\n")
    done = mrlc("explain", path, "specs/desk.yaml", *options, cwd=project.root)
    assert (done.returncode, done.stderr) == (0, "")
    for line in lines:
        assert line in done.stdout


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("MRLC999", "unknown code `MRLC999`"),
        ("E9", "unknown code `E9`; mrlc explain lists all"),
        ("environment.tools.pyton", "has no `pyton`; did you mean `python`?"),
        ("unknwon-key", "did you mean `unknown-key`?"),
        (
            "algorithm.learnig_rate",
            "`algorithm` has no `learnig_rate`; did you mean `learning_rate`?",
        ),
        ("enviroment.prompt", "a spec has no `enviroment`; did you mean `environment`?"),
        ("name.first", "`name` is a single value"),
    ],
)
def test_nearest_name(mrlc, what, said):
    done = mrlc("explain", what)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("gate", "name"), [("E1", "determinism"), ("r3", "variance within groups")]
)
def test_page_of_a_gate(mrlc, gate, name):
    done = mrlc("explain", gate)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{gate.upper()}  {name} (")


def test_without_a_name_all_are_listed(mrlc):
    done = mrlc("explain")
    assert (done.returncode, done.stderr) == (0, "")
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert [*pages(), "E1", "golden"] == [
        one for one in listed if one in {*pages(), "E1", "golden"}
    ]


@pytest.mark.parametrize(
    "path", ["environment.tools.python", "environment.state.sqlite", "reward.components.weight"]
)
def test_an_item_may_be_left_out(path):
    first, _, last = path.rpartition(".")
    assert note_of_field(path).description == note_of_field(f"{first}.0.{last}").description
    assert note_of_field(path).path == path
    assert last in note_of_field(first).names


@pytest.mark.parametrize("path", ["vars", "extends", "sweep", "sweep.over", "sweep.sample.count"])
def test_what_the_compiler_consumes_is_explained(path):
    assert note_of_field(path).description


def test_what_the_compiler_consumes_has_no_value(mrlc, project):
    done = mrlc("explain", "vars", "specs/desk.yaml", cwd=project.root)
    assert (done.returncode, done.stdout) == (2, "")
    assert "`vars` is gone when a spec is compiled" in done.stderr


def test_path_that_the_spec_lacks(mrlc, project):
    done = mrlc("explain", "environment.tools.bok.name", "specs/desk.yaml", cwd=project.root)
    assert done.returncode == 2
    assert "`environment.tools` has no `bok`; did you mean `book`?" in done.stderr


def test_faulty_spec_is_reported(mrlc, project):
    project.edit("specs/desk.yaml", "steps: 2,", "steps: two,")
    done = mrlc("explain", "name", "specs/desk.yaml", cwd=project.root)
    assert done.returncode == 1
    assert "MRLC202" in done.stderr


def paths(path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every field of the language; `0` for any item."""
    for name in names_at(path):
        here = (*path, name)
        yield here
        yield from paths(here)
        if not names_at(here) and names_at((*here, "0")):
            yield from paths((*here, "0"))


def test_every_field_says_what_it_is():
    for path in paths():
        assert fields_at(path)
        note = note_of_field(".".join(path))
        assert note.description, note.path
        assert note.form
