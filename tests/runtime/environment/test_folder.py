"""The folder of an episode: what a model writes as a path leads inside or nowhere."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrlc.runtime.environment import ToolError, pool
from mrlc.runtime.environment.folder import Folder
from mrlc.runtime.errors import EnvironmentBroken
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.schemas.state import MAX_BYTES, MAX_DEPTH, MAX_FILES

from .conftest import TASK, Build, World

PATH = {"path": {"type": "string"}}
TOOLS: list[dict[str, Any]] = [
    {"name": "read", "parameters": PATH, "file": {"state": "work", "action": "read"}},
    {
        "name": "write",
        "parameters": {"to": {"type": "string"}, "content": {"type": "string"}},
        "file": {"state": "work", "action": "write", "path": "to"},
    },
    {"name": "list", "file": {"state": "work", "action": "list"}},
    {"name": "delete", "parameters": PATH, "file": {"state": "work", "action": "delete"}},
    {"name": "crash", "python": "tools.py:crash"},
    {"name": "mess", "python": "tools.py:mess"},
]
FILES = {
    "seed/a.txt": "one\n",
    "seed/notes/b.txt": "two\n",
    "seed/.hidden": "not carried\n",
    "tools.py": """
        import os
        def crash(): raise RuntimeError
        def mess(episode):
            folder = episode.folders["work"]
            os.symlink("/etc", folder / "etc")
            os.symlink("/etc/passwd", folder / "passwd")
            os.mkfifo(folder / "pipe")
            (folder / "binary").write_bytes(bytes(range(256)))
            os.chmod(folder / "notes", 0)
            return os.path.basename(folder)
    """,
}


@pytest.fixture(scope="module")
def world(build: Build) -> World:
    return build(TOOLS, FILES, state={"work": {"folder": "./seed"}})


def texts(world: World, *calls: tuple[str, Any]) -> list[Any]:
    return [result.text for result in world.calls(*calls)]


def test_a_file_is_written_read_listed_and_deleted(world: World) -> None:
    assert texts(
        world,
        ("list", {}),
        ("read", {"path": "notes/b.txt"}),
        ("write", {"to": "x/y/z.txt", "content": "né"}),
        ("write", {"to": "a.txt", "content": ""}),
        ("list", {}),
        ("read", {"path": "x/y/z.txt"}),
        ("delete", {"path": "x/y/z.txt"}),
        ("list", {}),
        ("write", {"to": "x", "content": "a file now"}),
    ) == [
        '["a.txt", "notes/b.txt"]',
        "two\n",
        '{"bytes": 3}',
        '{"bytes": 0}',
        '["a.txt", "notes/b.txt", "x/y/z.txt"]',
        "né",
        '{"deleted": "x/y/z.txt"}',
        '["a.txt", "notes/b.txt"]',
        '{"bytes": 10}',
    ]


def test_an_episode_begins_with_the_seed_whatever_the_last_one_did(world: World) -> None:
    world.calls(("delete", {"path": "a.txt"}), ("write", {"to": "new", "content": "x"}))
    assert texts(world, ("list", {}), ("read", {"path": "a.txt"})) == [
        '["a.txt", "notes/b.txt"]',
        "one\n",
    ]


HOSTILE = [
    "",
    ".",
    "..",
    "../a.txt",
    "notes/../../a.txt",
    "notes/../a.txt",
    "./a.txt",
    "/etc/passwd",
    "//etc/passwd",
    "notes//b.txt",
    "notes/",
    "a\0.txt",
    "a.txt\n",
    "a\\b",
    "C:\\x",
    "\ud800",
    "\u202etxt.a",
    "x" * 101,
    "é" * 51,
    "x/" * MAX_DEPTH + "x",
    "x" * 100_000,
]


@pytest.mark.parametrize("path", HOSTILE, ids=[repr(path[:20]) for path in HOSTILE])
@pytest.mark.parametrize("action", ["read", "write", "delete"])
def test_hostile_path_is_the_tools_own_error(world: World, action: str, path: str) -> None:
    given = {"to": path, "content": "x"} if action == "write" else {"path": path}
    refused, files = world.calls((action, given), ("list", {}))
    assert refused.is_error
    assert json.loads(refused.text)["error"].startswith("the path ")
    assert len(refused.text) < 200
    assert files.text == '["a.txt", "notes/b.txt"]'


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (("read", {"path": "none"}), 'there is no file "none"'),
        (("read", {"path": "notes"}), 'there is no file "notes"'),
        (("read", {"path": "a.txt/b"}), 'there is no file "a.txt/b"'),
        (("delete", {"path": "notes"}), 'there is no file "notes"'),
        (("write", {"to": "notes", "content": ""}), '"notes" is in the way of a folder or a file'),
        (("write", {"to": "a.txt/b", "content": ""}), '"a.txt/b" is in the way of a folder or a file'),
        (("write", {"to": "c", "content": "\udfff"}), "the text holds half a character"),
        (("write", {"to": "c", "content": "x" * MAX_BYTES}), "the folder is full: it holds 1,048,576 bytes"),
    ],
)  # fmt: skip
def test_what_the_model_is_to_blame_for(world: World, call: Any, error: str) -> None:
    result = world.call(*call)
    assert (json.loads(result.text), result.is_error) == ({"error": error}, True)


def test_the_number_of_files_is_limited(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for number in range(MAX_FILES):
        (tmp_path / f"{number}").touch()
    with pytest.raises(ToolError, match="it holds 256 files"):
        folder.write("one more/file", "")
    assert not (tmp_path / "one more").exists()
    folder.write("0", "replaced")


LINKS = ["etc/passwd", "passwd", "pipe", "etc"]


@pytest.mark.parametrize("path", LINKS)
def test_no_link_or_pipe_is_followed_whoever_left_it(world: World, path: str) -> None:
    left, read, written, deleted, files = world.calls(
        ("mess", {}),
        ("read", {"path": path}),
        ("write", {"to": path, "content": "x"}),
        ("delete", {"path": path}),
        ("list", {}),
    )
    assert not left.is_error
    assert [read.is_error, written.is_error, deleted.is_error] == [True] * 3
    assert path not in json.loads(files.text)


def test_a_file_that_is_no_text(world: World) -> None:
    result = world.calls(("mess", {}), ("read", {"path": "binary"}))[1]
    assert json.loads(result.text) == {"error": '"binary" is not a text file'}


NAMES = st.sampled_from(["a", "b", "..", ".", "", "/", "\0", "a.txt", "notes", "é", "~", "*"])
PATHS = st.lists(NAMES | st.text(max_size=4), max_size=5).map("/".join) | st.text(max_size=12)
ACTIONS = st.tuples(st.sampled_from(["read", "write", "delete"]), PATHS, st.text(max_size=5))


@settings(max_examples=80, deadline=None)
@given(st.lists(ACTIONS, max_size=6))
def test_nothing_outside_is_touched(tmp_path_factory: Any, actions: list[Any]) -> None:
    """A file beside the folder stays as it is, and a file that was written is read back."""
    base = tmp_path_factory.mktemp("base")
    (base / "a").write_text("outside")
    (base / "inside").mkdir()
    folder, model = Folder(base / "inside"), dict[str, str]()
    for action, path, text in actions:
        try:
            if action == "write":
                folder.write(path, text)
                model[path] = text
            elif action == "delete":
                folder.delete(path)
                del model[path]
            else:
                assert folder.read(path) == model[path]
        except ToolError:
            assert action == "write" or path not in model
    assert sorted(folder.files()) == sorted(model)
    assert sorted(os.listdir(base)) == ["a", "inside"]
    assert (base / "a").read_text() == "outside"


def test_two_episodes_never_see_one_anothers_files(world: World) -> None:
    async def run() -> list[str]:
        async with (
            world.environment.open(TASK, seed=1) as one,
            world.environment.open(TASK, seed=2) as other,
        ):
            await one.call(ToolCall("write", {"to": "mine", "content": "one"}))
            await other.call(ToolCall("write", {"to": "mine", "content": "other"}))
            await other.call(ToolCall("delete", {"path": "a.txt"}))
            calls = [ToolCall("read", {"path": "mine"}), ToolCall("list", {})]
            return [(await who.call(call)).text for call in calls for who in (one, other)]

    assert asyncio.run(run()) == [
        "one",
        "other",
        '["a.txt", "mine", "notes/b.txt"]',
        '["mine", "notes/b.txt"]',
    ]


def test_no_folder_is_left_however_200_episodes_end(world: World) -> None:
    random, seen = Random(4), list[Path]()

    async def episode(number: int, name: str) -> None:
        async with world.environment.open(TASK, seed=number) as opened:
            seen.append(opened._scope.folders["work"])
            if name == "raise":
                raise ValueError
            if name == "hang":
                await asyncio.sleep(60)
            given = {"to": "deep/er/x", "content": "x"} if name == "write" else {}
            await opened.call(ToolCall(name, given))

    async def run() -> list[Any]:
        names = random.choices(["write", "mess", "crash", "list", "hang", "raise"], k=200)
        tasks = [asyncio.create_task(episode(n, name)) for n, name in enumerate(names)]
        hanging = [task for task, name in zip(tasks, names, strict=True) if name == "hang"]
        await asyncio.wait({*tasks} - {*hanging})
        for task in hanging:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    ends = {type(end) for end in asyncio.run(run())}
    assert ends == {type(None), ValueError, EnvironmentBroken, asyncio.CancelledError}
    assert len({*seen}) == 200
    assert not [folder for folder in seen if os.path.lexists(folder)]
    pool.close()  # workers have folders of their own, as long as they live
    assert os.listdir(seen[0].parent) == ["alive"]
