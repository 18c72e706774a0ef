"""Sections, validated and spelled once for all variants that have the same one.

Most variants differ in a section or two. The rest of the experiment is the base's own objects,
and the rest of the plan its own text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping as Mapped
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from mrlc.compiler.canonical import joined, spelled
from mrlc.compiler.fingerprint import digests_of, meaning, parts_of
from mrlc.schemas import Experiment
from mrlc.schemas.experiment import COSMETIC
from mrlc.schemas.plan import Digests, Input

_Key = tuple[str, str | None, tuple[str, ...]]
_Spelling = tuple[str, str | None, dict[str, str]]
"""A section as the plan has it, as the semantic digest reads it, and the digests of its parts."""


class Sections:
    """What is known of sections, by their text."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, str], Any] = {}
        self.spellings: dict[_Key, _Spelling] = {}

    def experiment(self, texts: Mapped[str, str]) -> Experiment | None:
        """The experiment of these sections, or None where one is not valid."""
        try:
            return Experiment.model_validate({key: self.part(key, texts[key]) for key in texts})
        except ValidationError:
            return None

    def part(self, key: str, text: str) -> Any:
        """A section, validated; a single value as it is."""
        adapter = _adapters().get(key)
        if adapter is None:
            return json.loads(text)
        if (key, text) not in self.parts:
            self.parts[key, text] = adapter.validate_json(text)
        return self.parts[key, text]

    def plan(
        self, experiment: Experiment, texts: Mapped[str, str], inputs: Mapped[str, Input]
    ) -> tuple[Digests, bytes]:
        """The digests of a plan and its bytes, as `fingerprint` and `canonical` make them."""
        files = tuple(inputs)
        written, meanings, parts = {}, {}, dict[str, str]()
        for key in Experiment.model_fields:
            known = (key, texts.get(key), files)
            if known not in self.spellings:
                self.spellings[known] = _spellings(key, getattr(experiment, key), inputs)
            written[key], means, own = self.spellings[known]
            parts |= own
            if means is not None:
                meanings[key] = means
        digests = digests_of(written, meanings, inputs, parts=parts)
        whole = {
            "format": spelled("mrlc.plan/1"),
            "experiment": joined(written),
            "inputs": spelled({key: one.model_dump(mode="json") for key, one in inputs.items()}),
            "digests": spelled(digests.model_dump(mode="json")),
        }
        return digests, f"{joined(whole)}\n".encode()


def _spellings(key: str, value: Any, inputs: Mapped[str, Input]) -> _Spelling:
    plain = to_jsonable_python(value, by_alias=True)
    means = meaning({key: plain}, inputs)[key]
    return spelled(plain), None if key in COSMETIC else spelled(means), parts_of(key, means)


@cache
def _adapters() -> dict[str, TypeAdapter[Any]]:
    """How each section is read from JSON; single values are left to the whole experiment."""
    return {
        name: TypeAdapter(field.annotation)
        for name, field in Experiment.model_fields.items()
        if field.annotation not in (str, None) and not field.metadata and name != "mrlc"
    }
