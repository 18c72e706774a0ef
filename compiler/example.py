"""A whole small project as text, and edits of it: the ground on which every code is shown.

A page's bad and good examples are each a few edits, so that what is shown is what matters.
The project itself compiles without a word.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

SPEC = "specs/desk.yaml"

FILES = {
    "pyproject.toml": "",
    SPEC: """\
mrlc: v1
name: desk
model: {base: tiny}
data:
  train: data/train.jsonl
  validation: data/validation.jsonl
  test: data/test.jsonl
environment:
  system: Bike desk.
  prompt: "{{ task.question }}"
  state:
    shop: {sqlite: shop.sql}
  tools:
    - name: find_bike
      parameters:
        bike: {type: string}
      replay:
        table: bikes.csv
        match: {bike: number}
        returns: [job, days]
        types: {days: integer}
    - name: book
      parameters:
        day: {type: integer}
      sql: {state: shop, write: "INSERT INTO visits VALUES (:day)"}
  answer:
    json: {job: {type: string}, days: {type: integer}}
turns: {human: 2}
reward:
  components:
    - {name: fields, kind: field_accuracy, against: task.expected, weight: 0.9}
    - {name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}
  diverges_because: partial credit is a slope to climb
evaluation:
  scorer: {kind: exact_fields, against: task.expected}
warm_start:
  demonstrations: data/demos.jsonl
algorithm: {steps: 2, group_size: 4, prompts_per_step: 2}
""",
    "specs/data/train.jsonl": """\
{"id": "t1", "question": "Bike 1?", "expected": {"job": "J1", "days": 3}}
{"id": "t2", "question": "Bike 2?", "expected": {"job": "J2", "days": 0}}
""",
    "specs/data/validation.jsonl": """\
{"id": "v1", "question": "Bike 3?", "expected": {"job": "J3", "days": 1}}
""",
    "specs/data/test.jsonl": """\
{"id": "h1", "question": "Bike 4?", "expected": {"job": "J4", "days": 9}}
""",
    "specs/data/demos.jsonl": """\
{"task": "t1", "messages": [{"role": "assistant", "content": "", "tool_calls": [{"type": "function", \
"function": {"name": "find_bike", "arguments": {"bike": "1"}}}]}, \
{"role": "tool", "content": "{}"}, {"role": "assistant", "content": "J1"}]}
""",
    "specs/bikes.csv": "number,job,days\n1,J1,3\n2,J2,0\n",
    "specs/shop.sql": "CREATE TABLE visits (day INTEGER);\nINSERT INTO visits VALUES (1);\n",
    "specs/rewards.py": "def polite(outcome):\n    return 1.0\n",
}


class Edit(NamedTuple):
    """One change of the project: `old` stands once in the file; without it, the text is new."""

    old: str | None
    new: str
    file: str = SPEC

    def apply(self, text: str) -> str:
        """The file's text afterwards."""
        if self.old is None:
            return self.new
        assert text.count(self.old) == 1, f"{self.old!r} stands {text.count(self.old)} times"
        return text.replace(self.old, self.new)

    def excerpt(self, text: str) -> str:
        """The whole lines of an edited file that hold what is new."""
        start = max(text.find(self.new), 0)
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", start + len(self.new.rstrip("\n")))
        return text[first : last if last >= 0 else len(text)].strip("\n")


Example = tuple[Edit, ...]
"""The edits that turn the project into an example."""


def edited(edits: Iterable[Edit]) -> dict[str, str]:
    """The project's files after edits."""
    files = dict(FILES)
    for edit in edits:
        files[edit.file] = edit.apply(files.get(edit.file, ""))
    return files


def write(folder: Path, edits: Iterable[Edit] = ()) -> Path:
    """Write the edited project into a folder; its spec."""
    for name, text in edited(edits).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    return folder / SPEC
