"""What gates have shown: `gates/<experiment>.json`, written by `mrlc gate` and committed.

A verdict holds for the parts of the plan that it is bound to: the file keeps their digests, and
evidence is stale when, and only when, one of them is no longer the plan's. There are no times, no
hosts and no paths in it, so that the same check of the same plan gives the same bytes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mrlc.schemas.gates import GateCode
from mrlc.schemas.plan import Digest
from mrlc.schemas.section import Json, Name, Section

Verdict = Literal["pass", "fail", "insufficient evidence"]


class Offender(Section):
    """A rollout that speaks against the set-up, as far as a person needs it."""

    task: str
    """The task's id."""
    member: int = 0
    """Index within the task's group, from 0."""
    why: str
    """What is wrong with it, in one line."""
    turns: tuple[str, ...] = ()
    """What was said in each turn, and what the tools answered; cut where it is long."""
    reward: float | None = None
    components: dict[str, float] = {}
    """Unweighted, by name."""
    evaluation: float | None = None


class Shown(Section):
    """What one gate has shown."""

    verdict: Verdict
    said: str
    """The finding in one sentence."""
    help: str | None = None
    """What to change first, or what to write."""
    bound: dict[str, Digest]
    """Part of the plan → its digest when this was shown."""
    numbers: dict[str, Json] = {}
    """The measurements behind the verdict."""
    decides_at: int | None = None
    """Rollouts that would decide, if they come out as these did; None where none would."""
    offenders: tuple[Offender, ...] = ()


class Evidence(Section):
    """The file of one experiment."""

    format: Literal["mrlc.gates/1"] = "mrlc.gates/1"
    experiment: Name
    gates: Annotated[dict[GateCode, Shown], Field()] = {}
