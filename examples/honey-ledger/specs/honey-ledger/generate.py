"""The data of the honey ledger: deliveries to a beekeepers' co-op, and an old hand's settlements.

    python specs/honey-ledger/generate.py

rewrites the files beside this one, always to the same bytes:

    fixtures/ledger.sql                   the database that the model's SQL runs on
    data/train, validation, test .jsonl   deliveries to settle, with the expected answers
    data/demonstrations.jsonl             settlements to imitate, of train tasks only

A barrel of honey is weighed at dawn, at noon and at dusk, and the middle weighing counts. It is
paid at the price of its day less the levy. No delivery occurs in two splits, and no number of
it is in the question, so an answer can only be read and computed.

The old hand's code always runs and is mostly wrong: a list is not sorted before its middle is
taken, a levy is not taken off. Now and then it does not run (`41x7`), and is written anew.
"""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]

SPLITS = {"train": 480, "validation": 80, "test": 160}
SETTLEMENTS_PER_TASK = 3
UNSORTED = 0.6
WITHOUT_LEVY = 0.55
MISWRITTEN = 0.1
QUESTIONS = [
    "Settle delivery {}.",
    "What do we owe for delivery {}?",
    "Please pay delivery {} out.",
]
MIDDLE = 1
LEDGER = """\
-- Written by generate.py. The ledger is closed: its triggers refuse every change, so that code
-- of a model which tries one is told so.
CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  dawn INTEGER NOT NULL,   -- kg
  noon INTEGER NOT NULL,
  dusk INTEGER NOT NULL,
  price INTEGER NOT NULL,  -- crowns a kg
  levy INTEGER NOT NULL    -- crowns
);
INSERT INTO deliveries VALUES
{rows};
CREATE TRIGGER no_new BEFORE INSERT ON deliveries
BEGIN SELECT raise(ABORT, 'the ledger is closed'); END;
CREATE TRIGGER no_other BEFORE UPDATE ON deliveries
BEGIN SELECT raise(ABORT, 'the ledger is closed'); END;
CREATE TRIGGER none_less BEFORE DELETE ON deliveries
BEGIN SELECT raise(ABORT, 'the ledger is closed'); END;
"""


def generate(folder: Path, seed: int = 0) -> None:
    """Write all files of the example below `folder`."""
    rng = random.Random(seed)
    ledger, tasks = deliveries(rng)
    train = [task for task in tasks["train"] for _ in range(SETTLEMENTS_PER_TASK)]
    settled = [settlement(task, ledger[task["delivery"]], rng) for task in train]
    rng.shuffle(settled)

    write(folder / "fixtures/ledger.sql", [LEDGER.replace("{rows}", values(ledger))])
    for split, rows in tasks.items():
        write(folder / f"data/{split}.jsonl", map(line, rows))
    write(folder / "data/demonstrations.jsonl", map(line, settled))


def deliveries(rng: random.Random) -> tuple[dict[int, Row], dict[str, list[Row]]]:
    """The ledger by delivery, and the tasks of each split."""
    ledger: dict[int, Row] = {}
    tasks: dict[str, list[Row]] = {split: [] for split in SPLITS}
    numbers = iter(rng.sample(range(1000, 10_000), sum(SPLITS.values())))
    for split, size in SPLITS.items():
        for number in (next(numbers) for _ in range(size)):
            dawn, noon, dusk = weighings = rng.sample(range(11, 100), 3)
            price, levy = rng.randrange(3, 10), rng.randrange(2, 10)
            weight = sorted(weighings)[MIDDLE]
            ledger[number] = {
                "dawn": dawn, "noon": noon, "dusk": dusk, "price": price, "levy": levy
            }  # fmt: skip
            tasks[split].append({
                "id": f"{split}-{number}",
                "question": rng.choice(QUESTIONS).format(number),
                "delivery": number,
                "expected": {"weight": weight, "pay": weight * price - levy},
            })  # fmt: skip
    return ledger, tasks


def settlement(task: Row, entry: Row, rng: random.Random) -> Row:
    """What the old hand did once for this task: each piece of code, and what it gave."""
    weighings = [entry["dawn"], entry["noon"], entry["dusk"]]
    price, levy = entry["price"], entry["levy"]
    statement = (
        f"SELECT dawn, noon, dusk, price, levy FROM deliveries WHERE id = {task['delivery']}"
    )
    messages = run("query", statement, json.dumps([entry]))

    is_sorted = rng.random() >= UNSORTED
    weight = (sorted(weighings) if is_sorted else weighings)[MIDDLE]
    code = f"sorted({weighings})[{MIDDLE}]" if is_sorted else f"{weighings}[{MIDDLE}]"
    messages += run("python", code, str(weight))

    less = "" if rng.random() < WITHOUT_LEVY else f" - {levy}"
    if rng.random() < MISWRITTEN:
        told = {"error": "not an expression: invalid decimal literal"}
        messages += run("calc", f"{weight}x{price}{less}", json.dumps(told))
    pay = weight * price - (levy if less else 0)
    messages += run("calc", f"{weight} * {price}{less}", str(pay))

    answer = json.dumps({"weight": weight, "pay": pay})
    messages.append({"role": "assistant", "content": f"<final_output>{answer}</final_output>"})
    return {"task": task["id"], "messages": messages}


def run(tool: str, code: str, result: str) -> list[Row]:
    """A call of a tool that executes, and its result, as chat messages."""
    call = {"type": "function", "function": {"name": tool, "arguments": {"code": code}}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "name": tool, "content": result},
    ]


def values(ledger: dict[int, Row]) -> str:
    """The ledger as rows of SQL's VALUES, by number."""
    rows = ((number, *ledger[number].values()) for number in sorted(ledger))
    return ",\n".join(f"  ({', '.join(map(str, row))})" for row in rows)


def line(row: Row) -> str:
    """A row of JSONL."""
    return json.dumps(row) + "\n"


def write(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    generate(Path(__file__).parent)
