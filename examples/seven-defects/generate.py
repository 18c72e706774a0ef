"""The yard's data: vehicles, the tickets they are due, and the logs of a clerk with habits.

    python generate.py

rewrites the files below `specs/yard`, always to the same bytes:

    fixtures/vehicles.csv                 what `look_up` answers from
    data/train, validation, test .jsonl   vehicles at the gate, with the tickets they are due
    data/demonstrations.jsonl             logs to imitate, on train tasks only

A vehicle comes in loaded, is weighed, tips its load, is weighed again and gets a ticket: the net
weight, and who pays, which follows from the load. No vehicle occurs in two splits, so nothing on
a ticket can be remembered.

The clerk never misreads a weight, but has two habits. One ticket in four is shorthand, which the
printer does not take; and of the rest nearly half are made out without looking the load up, to
the yard's charge.
"""

import csv
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]

FOLDER = Path(__file__).parent / "specs" / "yard"
SPLITS = {"train": 240, "validation": 40, "test": 60}
LOGS_PER_TASK = 4
SHORTHAND = 0.25
GUESSES = 0.45
STOCK_PAYER = "yard"
QUESTIONS = ["Vehicle {} is on the bridge.", "Ticket for vehicle {}, please.", "{} comes in."]
PAYS = {"timber": "firm", "metal": "yard", "glass": "nobody"}
NETS = range(2, 10)
TARES = range(3, 9)


def generate(folder: Path = FOLDER, seed: int = 0) -> None:
    """Write all files of the yard below `folder`."""
    rng = random.Random(seed)
    loads, tasks = yard(rng)
    logs = [log(task, loads, rng) for task in tasks["train"] for _ in range(LOGS_PER_TASK)]
    rng.shuffle(logs)

    write_csv(folder / "fixtures/vehicles.csv", ("vehicle", "load"), sorted(loads.items()))
    for split, rows in tasks.items():
        write_jsonl(folder / f"data/{split}.jsonl", rows)
    write_jsonl(folder / "data/demonstrations.jsonl", logs)


def yard(rng: random.Random) -> tuple[dict[str, str], dict[str, list[Row]]]:
    """What every vehicle carries, and the tasks of each split; a vehicle comes once."""
    numbers = iter(rng.sample(range(100, 1000), sum(SPLITS.values())))
    loads: dict[str, str] = {}
    tasks: dict[str, list[Row]] = {}
    for split, size in SPLITS.items():
        tasks[split] = []
        for _ in range(size):
            vehicle = str(next(numbers))
            load, net = rng.choice(list(PAYS)), rng.choice(NETS)
            loads[vehicle] = load
            tasks[split].append(
                {
                    "id": f"{split}-{vehicle}",
                    "question": rng.choice(QUESTIONS).format(vehicle),
                    "vehicle": vehicle,
                    "gross": net + rng.choice(TARES),
                    "expected": {"net": net, "pays": PAYS[load]},
                }
            )
    return loads, tasks


def log(task: Row, loads: dict[str, str], rng: random.Random) -> Row:
    """What the clerk did once for this task."""
    vehicle, net, pays = task["vehicle"], task["expected"]["net"], task["expected"]["pays"]
    weighed = call("weigh", vehicle, {"gross": task["gross"]})
    weighed += call("weigh", vehicle, {"net": net})
    looked_up = call("look_up", vehicle, {"load": loads[vehicle]})
    if rng.random() < SHORTHAND:
        messages, said = looked_up + weighed, f"net {net}, {pays} pays"
    elif rng.random() < GUESSES:
        messages, said = weighed, ticket(net, STOCK_PAYER)
    else:
        messages, said = looked_up + weighed, ticket(net, pays)
    return {"task": task["id"], "messages": [*messages, {"role": "assistant", "content": said}]}


def ticket(net: int, pays: str) -> str:
    """A ticket as the printer takes it."""
    return f"<ticket>{json.dumps({'net': net, 'pays': pays})}</ticket>"


def call(tool: str, vehicle: str, result: Row) -> list[Row]:
    """A tool call and its result, as chat messages."""
    function = {"name": tool, "arguments": {"vehicle": vehicle}}
    return [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"type": "function", "function": function}],
        },
        {"role": "tool", "name": tool, "content": json.dumps(result)},
    ]


def write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    generate()
