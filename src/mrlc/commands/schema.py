"""`mrlc schema`: the JSON Schema of a spec, from the same models that validate it."""

from __future__ import annotations

import argparse
import json
from typing import Any

from mrlc.schemas import Experiment
from mrlc.schemas.sweep import Sweep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are no options."""


def run(args: argparse.Namespace) -> int:
    """Print it."""
    print(json.dumps(spec_schema(), indent=2, ensure_ascii=False))
    return 0


def spec_schema() -> dict[str, Any]:
    """The schema of an experiment, and what the compiler consumes before it."""
    schema = Experiment.model_json_schema(by_alias=True)
    sweep = Sweep.model_json_schema(by_alias=True)
    schema["$defs"] |= sweep.pop("$defs")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"] |= {
        "extends": {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "description": "Specs that this one is laid over, relative to this file.",
        },
        "vars": {
            "type": "object",
            "description": "Values for expressions, used as `{{ vars.name }}`.",
        },
        "sweep": sweep,
    }
    return schema
