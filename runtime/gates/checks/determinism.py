"""E1: the same calls give the same results."""

from __future__ import annotations

from mrlc.runtime.gates.case import HASH_SEEDS, Case
from mrlc.runtime.gates.fresh import Died
from mrlc.runtime.gates.gate import FAIL, INSUFFICIENT, OFFENDERS, PASS, Finding, gate
from mrlc.runtime.gates.scripts import Script
from mrlc.runtime.gates.transcripts import Transcript, difference
from mrlc.schemas.evidence import Offender

_HELP = (
    "draw chance from the episode's `random`, sort what comes out of a set, keep the clock out of "
    "results, or declare such fields `volatile`"
)


@gate(
    "E1",
    "determinism",
    bound=("environment", "turns", "data.train", "warm_start", "gates.golden"),
    kind="scripted",
)
def determinism(case: Case) -> Finding:
    """The same calls give the same results.

    Scripted episodes are played twice in one process and once in another with a different
    PYTHONHASHSEED, and compared turn by turn. Where a result depends on the clock, on chance or on
    the order of a set, rewards are noise that no training removes, and no run can be repeated.

    The finding names the first tool and field that differ.
    """
    scripts = case.world.scripts
    if not scripts:
        return Finding(PASS, "there are no tools to play")
    try:
        first, second, other = case.fresh
    except Died as died:
        return Finding(FAIL, f"playing the scripts took the process down: {died}", help=_HELP)
    pairs = (
        (second, "played again in the same process"),
        (other, f"played with PYTHONHASHSEED={HASH_SEEDS[1]} in place of {HASH_SEEDS[0]}"),
    )
    found = [one for played, when in pairs for one in differing(scripts, first, played, when)]
    numbers = {"scripts": len(scripts), "calls": _calls(first)}
    if found:
        return Finding(FAIL, found[0].why, _HELP, numbers, offenders=found[:OFFENDERS])
    if not numbers["calls"]:
        help = "declare `gates.golden`, so that there are calls to play"
        return Finding(INSUFFICIENT, "no script calls a tool", help, numbers)
    said = f"{len(scripts)} scripts with {numbers['calls']} calls, three times the same"
    return Finding(PASS, said, numbers=numbers)


def differing(
    scripts: list[Script], first: list[Transcript], second: list[Transcript], when: str
) -> list[Offender]:
    """The scripts whose transcripts differ, each with the first difference."""
    found = []
    for script, one, other in zip(scripts, first, second, strict=True):
        if (gap := difference(one, other)) is not None:
            turns = tuple(f"{turn['calls']} ⇒ {turn['results']}"[:400] for turn in other["turns"])
            why = f"{gap}, when {when}"
            found.append(Offender(task=script.task.id, why=why, turns=turns))
    return found


def _calls(played: list[Transcript]) -> int:
    return sum(len(turn["results"]) for one in played for turn in one["turns"])
