"""The folder that an episode begins with: all its files are in the plan, and in its digest."""

from __future__ import annotations

import os
import shutil

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.write import write_plan
from mrlc.runtime.environment import Environment
from mrlc.runtime.setup import load_plan

SPEC = "specs/desk.yaml"
LIST = "    - name: files\n      file: {state: work, action: list}\n  answer:\n"


@pytest.fixture
def desk(project):
    project.edit(SPEC, "{sqlite: shop.sql}\n", "{sqlite: shop.sql}\n    work: {folder: papers}\n")
    project.edit(SPEC, "  answer:\n", LIST)
    project.write("specs/papers/a.txt", "one")
    project.write("specs/papers/notes/b.txt", "two")
    project.write("specs/papers/.hidden", "x")
    return project


def test_every_file_is_an_input_of_the_plan(desk, tmp_path):
    compiled = compile_spec(desk.spec)
    carried = [key for key in compiled.plan.inputs if key.startswith("specs/papers/")]
    assert carried == ["specs/papers/a.txt", "specs/papers/notes/b.txt"]
    folder = write_plan(compiled, tmp_path / "build")
    plan = load_plan(folder)
    environment = Environment.load(plan.experiment, folder / "inputs")
    assert environment._folders["work"].files == {"a.txt": b"one", "notes/b.txt": b"two"}


def test_the_content_counts_and_the_place_does_not(desk):
    def digest():
        return compile_spec(desk.spec).plan.digests.semantic

    first = digest()
    shutil.move(desk.root / "specs/papers", desk.root / "specs/elsewhere")
    desk.edit(SPEC, "{folder: papers}", "{folder: elsewhere}")
    assert digest() == first
    desk.write("specs/elsewhere/.hidden", "y")
    assert digest() == first
    desk.write("specs/elsewhere/notes/b.txt", "three")
    changed = digest()
    assert changed != first
    desk.write("specs/elsewhere/c.txt", "")
    assert digest() not in (first, changed)


def test_a_folder_that_begins_empty(desk):
    desk.edit(SPEC, "{folder: papers}", "{folder: empty}")
    compiled = compile_spec(desk.spec)
    assert compiled.plan.experiment.environment.state["work"].folder == "empty"
    assert not [key for key in compiled.plan.inputs if key.startswith("specs/papers/")]


def link(folder):
    (folder / "link").symlink_to("/etc/passwd")


def link_inside(folder):
    (folder / "link").symlink_to("a.txt")


def linked_folder(folder):
    (folder / "link").symlink_to("notes")


def nothing(folder):
    shutil.rmtree(folder / "notes")
    (folder / "a.txt").unlink()


def pipe(folder):
    os.mkfifo(folder / "pipe")


def many(folder):
    for number in range(257):
        (folder / str(number)).touch()


def large(folder):
    (folder / "large").write_bytes(b"x" * (1 << 20))


def deep(folder):
    (folder / "x/x/x/x/x/x/x/x").mkdir(parents=True)
    (folder / "x/x/x/x/x/x/x/x/y").touch()


def odd_name(folder):
    (folder / "a\\b").touch()


def itself_a_link(folder):
    folder.rename(folder.parent / "other")
    folder.symlink_to("other")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (link, "has a symbolic link, `link`"),
        (link_inside, "has a symbolic link, `link`"),
        (linked_folder, "has a symbolic link, `link`"),
        (itself_a_link, "is a symbolic link"),
        (nothing, "has no files"),
        (pipe, "has `pipe`, which is no file"),
        (many, "has more than 256 files"),
        (large, "has more than 1,048,576 bytes"),
        (deep, "has a file whose path is more than 8 names deep"),
        (odd_name, "has a file whose path has a character that no path here may have"),
    ],
)
def test_folder_that_cannot_be_carried(desk, harm, message):
    harm(desk.root / "specs/papers")
    with pytest.raises(CompileFailed) as caught:
        compile_spec(desk.spec)
    (fault,) = [one for one in caught.value.diagnostics if one.severity == "error"]
    assert (fault.code, fault.message) == ("MRLC346", f"`papers` {message}")
    assert fault.span.line == 13
