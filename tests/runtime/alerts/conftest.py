"""An experiment and rules of one's own, without files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mrlc.runtime.alerts.firing import Firing
from mrlc.runtime.alerts.watch import Watch
from mrlc.schemas import Experiment

PLAIN: dict[str, Any] = {
    "mrlc": "v1",
    "name": "desk",
    "model": {"base": "tiny"},
    "data": {"train": "a.jsonl", "validation": "b.jsonl", "test": "c.jsonl"},
    "environment": {
        "system": "Desk.",
        "prompt": "Go.",
        "tools": [],
        "answer": {"json": {"days": {"type": "integer"}}},
    },
    "turns": {"human": 3},
    "reward": {"components": [{"name": "format", "kind": "answered"}]},
    "evaluation": {"scorer": {"kind": "exact_fields", "against": "task.expected"}},
    "algorithm": {"steps": 200},
}


def experiment(**sections: Any) -> Experiment:
    return Experiment.model_validate_json(json.dumps(PLAIN | sections))


def watch_of(*rules: Mapping[str, Any]) -> Watch:
    named = [{"name": f"rule-{i}", "then": ["warn"]} | dict(rule) for i, rule in enumerate(rules)]
    return Watch.of(experiment(alerts={"use": [], "rules": named}))


def fired(watch: Watch, rows: Iterable[tuple[int, Mapping[str, float]]]) -> list[Firing]:
    return [one for step, row in rows for one in watch.observe(step, row)]
