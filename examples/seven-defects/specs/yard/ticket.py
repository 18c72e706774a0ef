"""The ticket: what the printer takes, and what a lenient reader takes for it."""

import json
import re
from typing import Any

_TICKET = re.compile(r"<ticket>(.*?)</ticket>", re.DOTALL)
_NET = re.compile(r"net\W+(\d+)")
_PAYS = re.compile(r"firm|yard|nobody")


def printed(trajectory: Any) -> float:
    """1 where the printer would print the ticket that is due: the rule of record."""
    tickets = _TICKET.findall(trajectory.turns[-1].text) if trajectory.turns else []
    try:
        ticket = json.loads(tickets[-1])
    except (IndexError, ValueError):
        return 0.0
    return float(ticket == trajectory.task.row["expected"])


def read_loosely(text: str) -> dict[str, Any] | None:
    """The first weight and the first payer in the text, in whatever form they stand."""
    net, pays = _NET.search(text), _PAYS.search(text)
    return {"net": int(net[1]), "pays": pays[0]} if net and pays else None
