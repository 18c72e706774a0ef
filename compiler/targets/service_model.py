"""What a service takes, read from botocore's own model of it: a file of data, and no code of it.

botocore's validator looks at required members, types, minima and unions alone. Here every
constraint counts that the model states: enumerations, patterns, lengths and ranges.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from mrlc.compiler.suggest import did_you_mean

Place = tuple[str, ...]
"""Members, keys and indices from the request down."""
Kind = Literal["choice", "size", "form", "shape"]

_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}
_UNITS = {"string": " characters", "list": " items", "map": " entries"}
_CLASSES = {
    # Python's `re` knows no properties. Inside a character class these stand for at least as much.
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": " \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\p{Alnum}": "a-zA-Z0-9",
}


@dataclass(frozen=True)
class Refusal:
    """A value that the service would refuse."""

    place: Place
    kind: Kind
    message: str
    help: str | None = None
    is_key: bool = False
    """Whether it is the key at the end of the place that is refused, not what stands under it."""


@cache
def _shapes(service: str) -> dict[str, Any]:
    spec = find_spec("botocore")
    assert spec is not None, "boto3 is among the dependencies"
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data" / service
    file = max(folder.glob("*/service-2.json*"))
    content = file.read_bytes()
    text = gzip.decompress(content) if file.suffix == ".gz" else content
    found: dict[str, Any] = json.loads(text)["shapes"]
    return found


def refusals(value: Any, shape: str, *, service: str = "sagemaker") -> Iterator[Refusal]:
    """What of a request to a service does not fit its shape."""
    return _Walk(_shapes(service)).value(value, shape, ())


class _Walk:
    def __init__(self, shapes: dict[str, Any]) -> None:
        self.shapes = shapes

    def value(self, value: Any, name: str, at: Place, *, is_key: bool = False) -> Iterator[Refusal]:
        shape = self.shapes[name]
        kind = shape["type"]
        if not _is_of(value, kind):
            yield Refusal(at, "shape", f"the service takes a {kind} here", is_key=is_key)
            return
        yield from self.limits(value, name, at, is_key)
        if kind == "structure":
            yield from self.structure(value, shape, at)
        elif kind == "list":
            for index, item in enumerate(value):
                yield from self.value(item, shape["member"]["shape"], (*at, str(index)))
        elif kind == "map":
            for key, item in value.items():
                yield from self.value(key, shape["key"]["shape"], (*at, key), is_key=True)
                yield from self.value(item, shape["value"]["shape"], (*at, key))

    def structure(self, value: dict[str, Any], shape: Any, at: Place) -> Iterator[Refusal]:
        for member in shape.get("required", ()):
            if member not in value:
                yield Refusal(at, "shape", f"the service needs {member} here")
        for member, inner in value.items():
            if member not in shape["members"]:
                yield Refusal((*at, member), "shape", f"the service knows no {member}")
            else:
                yield from self.value(inner, shape["members"][member]["shape"], (*at, member))

    def limits(self, value: Any, name: str, at: Place, is_key: bool) -> Iterator[Refusal]:
        shape = self.shapes[name]
        choices = shape.get("enum", ())
        if choices and value not in choices:
            message = f"`{value}` is no {name} that the service knows"
            yield Refusal(at, "choice", message, did_you_mean(value, choices), is_key)
        unit = _UNITS.get(shape["type"])
        size = len(value) if unit else value
        unit = unit or ""
        if "max" in shape and size > shape["max"]:
            message = f"{size:,}{unit}; the service takes at most {shape['max']:,}"
            yield Refusal(at, "size", message, is_key=is_key)
        elif "min" in shape and size < shape["min"]:
            message = f"{size:,}{unit}; the service takes at least {shape['min']:,}"
            yield Refusal(at, "size", message, is_key=is_key)
        elif "pattern" in shape and not pattern(shape["pattern"]).fullmatch(value):
            message = f"`{_short(value)}` does not have the form of {name}"
            yield Refusal(at, "form", message, f"the service takes {shape['pattern']}", is_key)


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A pattern of the service's as Python reads it."""
    for written, ours in _CLASSES.items():
        text = text.replace(written, ours)
    try:
        return re.compile(text)
    except re.error:  # of a later model, in a dialect that Python does not read: refuse nothing
        return re.compile(".*", re.DOTALL)


def _is_of(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
