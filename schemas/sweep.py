"""One spec, many experiments: which values to try, and in which combinations.

The compiler consumes the section: each variant is an experiment of its own, without `sweep`,
and its digests are those of the same values written by hand.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from mrlc.schemas.section import Json, Name, Section

AxisPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.\w+)*$", max_length=256)]
"""A value of the spec by its dotted path: `vars.lr`, `reward.components.0.weight`."""

AxisValues = Annotated[tuple[Json, ...], Field(min_length=1)]


class Sample(Section):
    """A subset of the combinations, the same on every machine and in any order of the axes."""

    count: Annotated[int, Field(ge=1)]
    """Combinations kept at most."""
    seed: int = 0
    """Another seed, another subset."""


class Sweep(Section):
    """The variants of a spec: every combination of `over` and `zip`, and the named ones."""

    over: dict[AxisPath, AxisValues] = {}
    """path → values. Every combination is a variant; the last axis changes fastest."""
    zip: tuple[Annotated[dict[AxisPath, AxisValues], Field(min_length=1)], ...] = ()
    """Groups of equally long lists that advance together; a group is one more axis."""
    exclude: tuple[Annotated[dict[AxisPath, Json], Field(min_length=1)], ...] = ()
    """Combinations to leave out, by some of their values."""
    sample: Sample | None = None
    """Try some of the remaining combinations only."""
    variants: dict[Name, dict[AxisPath, Json]] = {}
    """name → the values that it changes. Added to the combinations, not combined with them."""

    @model_validator(mode="after")
    def _says_something(self) -> Sweep:
        if not (self.over or self.zip or self.variants):
            raise ValueError("a sweep needs `over`, `zip` or `variants`")
        return self
