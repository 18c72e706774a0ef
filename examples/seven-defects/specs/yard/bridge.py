"""The weighbridge, twice: one that forgets with its episode, and one that does not.

The first weighing of a vehicle is its gross weight; it then tips its load, and the second
weighing gives the net weight of what it tipped. So the bridge must remember who is inside.
"""

from typing import Any

_inside: set[str] = set()


async def weigh(vehicle: str, episode: Any) -> dict[str, int]:
    """Remember in the episode's own memory, which goes with it."""
    return _weighed(vehicle, episode.task, episode.memory.setdefault("inside", set()))


async def weigh_shared(vehicle: str, episode: Any) -> dict[str, int]:
    """Remember in a global of the module, which every episode of the process shares.

    Played alone it is right, over and over: who has left is forgotten. Beside a sibling of the
    same task, the sibling's first weighing makes ours the second.
    """
    return _weighed(vehicle, episode.task, _inside)


def _weighed(vehicle: str, task: Any, inside: set[str]) -> dict[str, int]:
    if vehicle in inside:
        inside.remove(vehicle)
        return {"net": task["expected"]["net"]}
    inside.add(vehicle)
    return {"gross": task["gross"]}
