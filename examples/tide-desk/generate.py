"""The tide desk's data: ships that ask to berth, and the logs of a pilot's clerk in a hurry.

    python generate.py

rewrites these files below specs/tide-desk, always to the same bytes:

    fixtures/calls.csv, tides.csv, spare.csv    what the three tools look up
    data/train, validation, test .jsonl         questions with their expected answers
    data/demonstrations.jsonl                   logs to imitate, on train tasks only

`find_call` gives a ship's berth, draught and cargo; it needs port and ship, as every ship calls
at two ports. `keel` adds the spare depth that the cargo wants. `tide` tells when that berth of
that port first has that depth; it knows several depths of each berth, so only the right one gives
the right hour. One time in five the berth never has the water, and the ship must anchor.
No ship occurs in two splits and no berth of a port is asked for twice, so an answer can only be
looked up.

The clerk never mistypes, but mostly stops early. Some logs end after the first look-up with a
stock answer; in some the clerk asks for the tide at the ship's bare draught, is refused, and then
gives the stock answer. Three in ten go all the way: imitation is mostly wrong, yet shows the way.
"""

import csv
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

Row = dict[str, Any]

SPLITS = {"train": 600, "validation": 60, "test": 140}
PORTS = [
    "Skarvik", "Ostrand", "Melholm", "Tangen", "Brimsund", "Koldvig", "Lyngby", "Varnes", "Hestoy",
]  # fmt: skip
QUESTIONS = [
    "May ship {ship} berth at {port}?",
    "Ship {ship} asks to enter {port}.",
    "When can ship {ship} come in to {port}?",
]
BERTHS = range(10, 100)
DRAUGHTS = range(40, 80)
HOURS = range(2, 22)
NEVER = 0.2
RULING = {"rising": "enter", "falling": "tug"}

SPARE = [
    {"cargo": "oil", "draught": "-", "spare": 12},
    {"cargo": "grain", "draught": "<= 60", "spare": 6},
    {"cargo": "grain", "draught": "-", "spare": 9},
    {"cargo": "timber | cars", "draught": "-", "spare": 4},
]
"""The decision table, read from above: the first row whose conditions hold decides."""

LOGS_PER_TASK = 4
HABITS = {"thorough": 0.3, "stops": 0.45, "guesses": 0.25}
REFUSED = {"error": "not the depth of keel"}
STOCK_HOUR, STOCK_RULING = 6, "enter"


class Call(NamedTuple):
    """A ship's call at a port, and what the tools say of it."""

    port: str
    ship: str
    found: Row
    depth: int
    tide: Row | None
    """None where the berth never has the depth."""

    @property
    def expected(self) -> Row:
        """The right answer."""
        if self.tide is None:
            return {"berth": self.found["berth"], "hour": 0, "ruling": "anchor"}
        ruling = RULING[self.tide["tide"]]
        return {"berth": self.found["berth"], "hour": self.tide["hour"], "ruling": ruling}


def generate(folder: Path, seed: int = 0) -> None:
    """Write all files below `folder`."""
    rng = random.Random(seed)
    calls: list[Row] = []
    tides: list[Row] = []
    logs: list[Row] = []
    announced = announcements(rng)
    for split, size in SPLITS.items():
        tasks = []
        for port, ship, berth in (next(announced) for _ in range(size)):
            call, recorded = visit(port, ship, berth, rng)
            calls.append({"port": port, "ship": ship, **call.found})
            tides += recorded
            tasks.append(task_of(split, call, rng))
            if split == "train":
                logs += [log(tasks[-1]["id"], call, rng) for _ in range(LOGS_PER_TASK)]
        write_jsonl(folder / f"data/{split}.jsonl", tasks)
    rng.shuffle(logs)
    write_jsonl(folder / "data/demonstrations.jsonl", logs)
    write_csv(folder / "fixtures/calls.csv", sorted(calls, key=lambda row: list(row.values())))
    write_csv(folder / "fixtures/tides.csv", sorted(tides, key=lambda row: list(row.values())))
    write_csv(folder / "fixtures/spare.csv", SPARE)


def announcements(rng: random.Random) -> Iterator[tuple[str, str, int]]:
    """Port, ship and berth: each ship twice in a row, at two ports, each berth of a port once."""
    free = {port: rng.sample(BERTHS, len(BERTHS)) for port in PORTS}
    for number in rng.sample(range(100, 1000), sum(SPLITS.values()) // 2):
        ship = f"{rng.choice('KMR')}{number}"
        # The emptiest are kept for last, or one port would be left over, with no second.
        for port in sorted(PORTS, key=lambda port: (-len(free[port]), rng.random()))[:2]:
            yield port, ship, free[port].pop()


def visit(port: str, ship: str, berth: int, rng: random.Random) -> tuple[Call, list[Row]]:
    """A call, and the recorded tides of its berth: three depths, the deeper the later."""
    found = {"berth": berth, "draught": rng.choice(DRAUGHTS)}
    found["cargo"] = rng.choice(["oil", "grain", "timber", "cars"])
    depth = found["draught"] + spare(found["cargo"], found["draught"])
    is_never = rng.random() < NEVER
    depths = [depth - 9, depth - 5, depth - 2] if is_never else [depth - 5, depth, depth + 5]
    hours = sorted(rng.sample(HOURS, 3))
    recorded = [
        {"port": port, "berth": berth, "depth": one, "hour": hour, "tide": rng.choice([*RULING])}
        for one, hour in zip(depths, hours, strict=True)
    ]
    tide = None if is_never else {key: recorded[1][key] for key in ("hour", "tide")}
    return Call(port, ship, found, depth, tide), recorded


def spare(cargo: str, draught: int) -> int:
    """The decision table in Python: the golden walk holds it to the one that the tool reads."""
    if cargo == "grain":
        return 6 if draught <= 60 else 9
    return 12 if cargo == "oil" else 4


def task_of(split: str, call: Call, rng: random.Random) -> Row:
    """The row of a task."""
    names = {"port": call.port, "ship": call.ship}
    question = rng.choice(QUESTIONS).format(**names)
    id = f"{split}-{call.ship}-{call.port}"
    return {"id": id, "question": question, **names, "expected": call.expected}


def log(task: str, call: Call, rng: random.Random) -> Row:
    """What the clerk did once for this task."""
    (habit,) = rng.choices(list(HABITS), list(HABITS.values()))
    found, place = call.found, {"port": call.port, "berth": call.found["berth"]}
    messages = lookup("find_call", {"port": call.port, "ship": call.ship}, found)
    answer = {"berth": found["berth"], "hour": STOCK_HOUR, "ruling": STOCK_RULING}
    if habit == "guesses":
        messages += lookup("tide", {**place, "depth": found["draught"]}, REFUSED)
    if habit == "thorough":
        known = {"draught": found["draught"], "cargo": found["cargo"]}
        messages += lookup("keel", known, {"depth": call.depth})
        messages += lookup("tide", {**place, "depth": call.depth}, call.tide or {"found": False})
        answer = call.expected
    said = f"<final_output>{json.dumps(answer)}</final_output>"
    return {"task": task, "messages": [*messages, {"role": "assistant", "content": said}]}


def lookup(tool: str, arguments: Row, result: Row) -> list[Row]:
    """A tool call and its result, as chat messages."""
    call = {"type": "function", "function": {"name": tool, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": tool, "content": json.dumps(result)},
    ]


def write_csv(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    generate(Path(__file__).parent / "specs" / "tide-desk")
