"""The quickstart's data: a bike repair desk, and the logs of a clerk in a hurry.

    python specs/quickstart/generate.py

rewrites the files beside this one, always to the same bytes:

    fixtures/bikes.csv, jobs.csv          what the two tools look up
    data/train, validation, test .jsonl   questions with their expected answers
    data/demonstrations.jsonl             logs to imitate, on train tasks only

A customer asks after a bike. `find_bike` names its repair job, `job_status` tells
how that job stands and for how many days; the reply follows from the status alone.
No bike and no job occurs in two splits, so an answer can only be looked up.

The clerk never mistypes, but seven times in ten skips `job_status` and gives a stock
answer. Imitating the clerk is therefore mostly wrong, yet shows often enough how to
look a job up.
"""

import csv
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]

SPLITS = {"train": 600, "validation": 100, "test": 200}
LOGS_PER_TASK = 4
SKIPS = 0.7
QUESTIONS = ["Is bike {} ready?", "When can I collect bike {}?", "How far along is bike {}?"]
KINDS = ["city", "cargo", "race"]
REPLY = {"in_work": "wait", "parts_missing": "order", "done": "collect"}
DAYS = range(1, 10)
STOCK_ANSWER = 3, "wait"


def generate(folder: Path, seed: int = 0) -> None:
    """Write all files of the quickstart below `folder`."""
    rng = random.Random(seed)
    bikes, jobs, tasks = desk(rng)
    logs = [log(task, bikes, jobs, rng) for task in tasks["train"] for _ in range(LOGS_PER_TASK)]
    rng.shuffle(logs)

    write_csv(folder / "fixtures/bikes.csv", "bike", bikes)
    write_csv(folder / "fixtures/jobs.csv", "job", jobs)
    for split, rows in tasks.items():
        write_jsonl(folder / f"data/{split}.jsonl", rows)
    write_jsonl(folder / "data/demonstrations.jsonl", logs)


def desk(rng: random.Random) -> tuple[dict[str, Row], dict[str, Row], dict[str, list[Row]]]:
    """Every bike, every job, and the tasks of each split; a job repairs one bike."""
    bikes: dict[str, Row] = {}
    jobs: dict[str, Row] = {}
    tasks: dict[str, list[Row]] = {}
    total = sum(SPLITS.values())
    bike_numbers = iter(rng.sample(range(1000, 10_000), total))
    job_numbers = iter(rng.sample(range(100, 1000), total))
    for split, size in SPLITS.items():
        tasks[split] = []
        for _ in range(size):
            bike, job = str(next(bike_numbers)), f"J{next(job_numbers)}"
            status, days = rng.choice(list(REPLY)), rng.choice(DAYS)
            bikes[bike] = {"job": job, "kind": rng.choice(KINDS)}
            jobs[job] = {"status": status, "days": days}
            question = rng.choice(QUESTIONS).format(bike)
            expected = {"job": job, "days": days, "reply": REPLY[status]}
            task = {"id": f"{split}-{bike}", "question": question, "bike": bike}
            tasks[split].append({**task, "expected": expected})
    return bikes, jobs, tasks


def log(task: Row, bikes: dict[str, Row], jobs: dict[str, Row], rng: random.Random) -> Row:
    """What the clerk did once for this task."""
    found = bikes[task["bike"]]
    job = found["job"]
    messages = lookup("find_bike", {"bike": task["bike"]}, found)
    if rng.random() < SKIPS:
        days, reply = STOCK_ANSWER
    else:
        messages += lookup("job_status", {"job": job}, jobs[job])
        days, reply = jobs[job]["days"], REPLY[jobs[job]["status"]]
    answer = json.dumps({"job": job, "days": days, "reply": reply})
    messages.append({"role": "assistant", "content": f"<final_output>{answer}</final_output>"})
    return {"task": task["id"], "messages": messages}


def lookup(tool: str, arguments: Row, result: Row) -> list[Row]:
    """A tool call and its result, as chat messages."""
    call = {"type": "function", "function": {"name": tool, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": tool, "content": json.dumps(result)},
    ]


def write_csv(path: Path, key: str, table: dict[str, Row]) -> None:
    rows = [{key: name, **columns} for name, columns in sorted(table.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    generate(Path(__file__).parent)
