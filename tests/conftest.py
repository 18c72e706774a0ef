"""A whole small project on disk, for tests that compile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

FILES = {
    "pyproject.toml": "",
    "specs/desk.yaml": """\
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
    - {name: fields, kind: field_accuracy, against: task.expected}
    - {name: polite, kind: python, python: "rewards.py:polite"}
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

_MARK = re.compile("«(.*?)»", re.DOTALL)


@dataclass(frozen=True)
class Project:
    """A folder with a spec that compiles, and all that the spec names."""

    root: Path

    @property
    def spec(self) -> Path:
        return self.root / "specs" / "desk.yaml"

    def write(self, name: str, text: str) -> Path:
        """Write a file below the root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the one place where `old` stands in a file."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def unmark(self) -> tuple[str, int, int, int, int]:
        """Take the marks «…» out of the one file that has them; the span they stood around."""
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and "«" in (text := path.read_bytes().decode("utf-8", "replace")):
                marked = _MARK.search(text)
                assert marked is not None
                self.write(str(path), _MARK.sub(r"\1", text))
                start = _position(text[: marked.start()])
                return (str(path), *start, *_position(text[: marked.start()] + marked.group(1)))
        raise AssertionError("no file has «marks»")


def _position(before: str) -> tuple[int, int]:
    lines = before.split("\n")
    return len(lines), len(lines[-1]) + 1


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh project."""
    made = Project(tmp_path.resolve() / "project")
    for name, text in FILES.items():
        made.write(name, text)
    return made
