"""E2: an episode's state is its own, and is given up however the episode ends."""

from __future__ import annotations

from contextlib import suppress

from mrlc.runtime.environment.back_ends import execute
from mrlc.runtime.gates.case import Case
from mrlc.runtime.gates.checks.determinism import differing
from mrlc.runtime.gates.fresh import Died
from mrlc.runtime.gates.gate import FAIL, OFFENDERS, PASS, Finding, gate
from mrlc.runtime.gates.leaks import counted
from mrlc.runtime.gates.players import Crash, Crashing, Scripted
from mrlc.runtime.gates.scripts import Script, disturbance
from mrlc.runtime.gates.transcripts import Transcript, difference, transcript
from mrlc.runtime.gates.world import MANY, World
from mrlc.schemas.evidence import Offender

_HELP = (
    "keep what an episode changes in `environment.state`, or in `episode.memory` of a python tool, "
    "and release what a tool opens"
)


@gate(
    "E2",
    "isolation",
    bound=("environment", "turns", "data.train", "warm_start", "gates.golden"),
    kind="scripted",
)
def isolation(case: Case) -> Finding:
    """An episode's state is its own, and is given up however the episode ends.

    Each scripted episode is played beside one that does the same, as in its group; between two
    hostile siblings that make the same calls with the same ids before it does; and again after
    episodes that ended at their turn limit and by a crash. It must go as it went alone, in a
    process of its own. What leaks from episode to episode makes the reward of one depend on its
    neighbours: group baselines then compare different tasks.

    Processes, file descriptors, threads and temporary files are counted before and after.
    """
    world = case.world
    if not world.scripts:
        return Finding(PASS, "there are no tools to play")
    try:
        alone = case.fresh[0]
    except Died as died:
        return Finding(FAIL, f"playing the scripts took the process down: {died}", help=_HELP)
    _warm_up(world)
    with counted() as leaks:
        twins = [_twin(world, *pair) for pair in zip(world.scripts, alone, strict=True)]
        beside = [_disturbed(world, script) for script in world.scripts]
        for script in world.scripts:
            _ended_badly(world, script)
        after = [transcript(world.solo(script)) for script in world.scripts]
        execute.close()
    found = [
        *_found(world, alone, twins, "played beside a sibling that does the same"),
        *_found(world, alone, beside, "played beside a sibling that uses the same ids"),
        *_found(
            world, alone, after, "played after episodes that ended by a crash or the turn limit"
        ),
    ]
    numbers = {"scripts": len(world.scripts), "leaked": leaks.found}
    if found:
        return Finding(FAIL, found[0].why, _HELP, numbers, offenders=found[:OFFENDERS])
    if leaks.found:
        kinds = ", ".join(f"{count} {kind}" for kind, count in leaks.found.items())
        return Finding(FAIL, f"episodes leave {kinds} behind", _HELP, numbers)
    said = f"{len(world.scripts)} scripts go as they go alone beside any sibling; nothing leaks"
    return Finding(PASS, said, numbers=numbers)


def _warm_up(world: World) -> None:
    """Play once, so that what is opened for good on first use is not counted as a leak.

    Workers of sandboxes are started as calls coincide, so they are ended before each count.
    """
    world.solo(world.scripts[0])
    execute.close()


def _twin(world: World, script: Script, alone: Transcript) -> Transcript:
    """Of two that do the same, the one that goes another way, if one does: either may come late."""
    players = [(script.task, Scripted(script.turns)) for _ in range(2)]
    played = [transcript(one) for one in world.play(players, max_turns=MANY)]
    return next((one for one in played if difference(alone, one)), played[0])


def _disturbed(world: World, script: Script) -> Transcript:
    hostile = disturbance(script, world.experiment.environment.tools)
    players = [Scripted(hostile), Scripted(script.turns), Scripted(hostile)]
    _, played, _ = world.play([(script.task, player) for player in players], max_turns=MANY)
    return transcript(played)


def _ended_badly(world: World, script: Script) -> None:
    """Once at the turn limit, once by a crash after the last call."""
    acting = [turn for turn in script.turns if turn.calls]
    world.play([(script.task, Scripted(acting))], max_turns=max(1, len(acting)))
    with suppress(Crash):
        world.play([(script.task, Crashing(acting))], max_turns=MANY)


def _found(
    world: World, alone: list[Transcript], played: list[Transcript], when: str
) -> list[Offender]:
    return differing(world.scripts, alone, played, when)
