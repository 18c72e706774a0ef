"""The data of kiln-shelves: a pottery school, and the logs of a helper in a hurry.

    python generate.py

rewrites the files under specs/kiln-shelves/, always to the same bytes:

    fixtures/studio.sql                   the pieces and shelves that every episode begins with
    data/train, validation, test .jsonl   pieces to be put away, with the state that is right
    data/demonstrations.jsonl             logs to imitate, on training tasks only

A course has two shelves of each kind: a drying rack, the bisque kiln, the glaze kiln. One of the
two is full. Where a piece belongs follows from its stage alone, and only a look at the piece tells
the stage. Splits share no course, so no piece and no shelf either.

The helper copies every number right, but seven times in ten does not look at the piece and takes
the bisque kiln, where a damp piece bursts and a glazed one sticks. And where the first shelf
listed is full, three times in ten the helper makes room on it by taking other people's pots off.
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

COURSES = {"train": 250, "validation": 30, "test": 50}
PIECES_PER_COURSE = 2
LOGS_PER_TASK = 4
SKIPS_THE_LOOK = 0.7
MAKES_ROOM = 0.3
PROMPTS = [
    "Piece {piece} of course {course} is here.",
    "Please put away {piece}, course {course}.",
    "Where does {piece} go? It is from course {course}.",
]
KIND = {"damp": "rack", "dry": "bisque", "glazed": "glaze"}
STAGES = ["damp", "damp", "dry", "glazed", "glazed"]
STOCK_KIND = "bisque"
EMPTY = 6
"""Places on a shelf."""


@dataclass(frozen=True)
class Shelf:
    """A shelf before anybody touches it."""

    shelf: str
    course: str
    kind: str
    free: int


@dataclass(frozen=True)
class Piece:
    """A piece that waits to be put away."""

    piece: str
    course: str
    stage: str


def generate(folder: Path, seed: int = 0) -> None:
    """Write all files below `folder`."""
    rng = random.Random(seed)
    shelves, pieces = studio(rng)
    tasks = {split: [task(piece, shelves, rng) for piece in pieces[split]] for split in pieces}
    logs = [log(piece, shelves, rng) for piece in pieces["train"] for _ in range(LOGS_PER_TASK)]
    rng.shuffle(logs)

    write(folder / "fixtures/studio.sql", sql(shelves, [*pieces.values()]))
    for split, rows in tasks.items():
        write(folder / f"data/{split}.jsonl", jsonl(rows))
    write(folder / "data/demonstrations.jsonl", jsonl(logs))


def studio(rng: random.Random) -> tuple[list[Shelf], dict[str, list[Piece]]]:
    """Every shelf, in the order of its name, and the pieces of each split."""
    total = sum(COURSES.values())
    courses = iter(rng.sample(range(100, 1000), total))
    shelf_names = iter(rng.sample(range(1000, 10_000), total * len(KIND) * 2))
    piece_names = iter(rng.sample(range(1000, 10_000), total * PIECES_PER_COURSE))
    shelves: list[Shelf] = []
    pieces: dict[str, list[Piece]] = {}
    for split, size in COURSES.items():
        pieces[split] = []
        for course in (f"C{next(courses)}" for _ in range(size)):
            for kind in KIND.values():
                room = rng.sample([0, rng.randrange(1, EMPTY)], 2)
                shelves += [Shelf(f"S{next(shelf_names)}", course, kind, free) for free in room]
            for _ in range(PIECES_PER_COURSE):
                pieces[split].append(Piece(str(next(piece_names)), course, rng.choice(STAGES)))
    return sorted(shelves, key=lambda one: one.shelf), pieces


def task(piece: Piece, shelves: list[Shelf], rng: random.Random) -> Row:
    """A row of a split: the request, and what the state must be when it is done."""
    right = next(one for one in listed(shelves, piece.course, KIND[piece.stage]) if one.free)
    place = {"course": right.course, "kind": right.kind, "shelf": right.shelf}
    return {
        "id": f"piece-{piece.piece}",
        "request": rng.choice(PROMPTS).format(piece=piece.piece, course=piece.course),
        "piece": piece.piece,
        "course": piece.course,
        "place": place,
        "shelves": [{"shelf": right.shelf, "free": right.free - 1}],
        "signed": [{"piece": piece.piece}],
    }


def listed(shelves: list[Shelf], course: str, kind: str) -> list[Shelf]:
    """What `find_shelf` lists."""
    return [one for one in shelves if (one.course, one.kind) == (course, kind)]


def log(piece: Piece, shelves: list[Shelf], rng: random.Random) -> Row:
    """What the helper did once for this piece."""
    messages: list[Row] = []
    kind = STOCK_KIND
    if rng.random() >= SKIPS_THE_LOOK:
        messages += called("look_at", {"piece": piece.piece}, [{"stage": piece.stage}])
        kind = KIND[piece.stage]
    found = listed(shelves, piece.course, kind)
    rows = [{"free": one.free, "shelf": one.shelf} for one in found]
    messages += called("find_shelf", {"course": piece.course, "kind": kind}, rows)
    chosen = next(one for one in found if one.free)
    if not found[0].free and rng.random() < MAKES_ROOM:
        chosen = found[0]
        messages += called("clear_shelf", {"shelf": chosen.shelf}, {"changed": 1})
    given = {"piece": piece.piece, "shelf": chosen.shelf}
    messages += called("put_away", given, given)
    messages += called("sign_off", {"piece": piece.piece}, None)[:1]
    return {"task": f"piece-{piece.piece}", "messages": messages}


def called(tool: str, arguments: Row, result: Any) -> list[Row]:
    """A tool call and its result, as chat messages."""
    call = {"type": "function", "function": {"name": tool, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": tool, "content": json.dumps(result)},
    ]


def sql(shelves: Iterable[Shelf], splits: Iterable[list[Piece]]) -> str:
    """The statements that build the database."""
    pieces = sorted((piece for split in splits for piece in split), key=lambda one: one.piece)
    return SCHEMA + "".join(
        [
            *inserts("shelves", ((s.shelf, s.course, s.kind, s.free, s.free) for s in shelves)),
            *inserts("pieces", ((p.piece, p.course, p.stage, None, 0) for p in pieces)),
        ]
    )


SCHEMA = """\
-- Written by generate.py.
CREATE TABLE shelves (
  shelf TEXT PRIMARY KEY,
  course TEXT NOT NULL,
  kind TEXT NOT NULL,
  free INTEGER NOT NULL CHECK (free >= 0),
  was_free INTEGER NOT NULL -- before the episode
);
CREATE TABLE pieces (
  piece TEXT PRIMARY KEY,
  course TEXT NOT NULL,
  stage TEXT NOT NULL,
  shelf TEXT REFERENCES shelves,
  signed INTEGER NOT NULL
);
"""


def inserts(table: str, rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """One statement with a line a row."""
    yield f"INSERT INTO {table} VALUES\n"
    yield ",\n".join(f"({', '.join(map(literal, row))})" for row in rows)
    yield ";\n"


def literal(value: str | int | None) -> str:
    """A value as SQL writes it; no text here has a quote in it."""
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value)


def jsonl(rows: Iterable[Row]) -> str:
    """A line a row."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    generate(Path(__file__).parent / "specs" / "kiln-shelves")
