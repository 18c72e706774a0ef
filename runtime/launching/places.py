"""Where in the spec a fault lies, told in a container, which has no spec: by plan/places.json."""

from __future__ import annotations

import json
from pathlib import Path

FILE = "places.json"


def place_of(path: str, plan: Path) -> str | None:
    """`file:line:column` of a dotted path, or of the nearest section above it that was written.

    `plan` is the plan's folder; None where nothing in it says.
    """
    try:
        known = json.loads((plan / FILE).read_bytes())
        while path and path not in known:
            path = path.rpartition(".")[0]
        return str(known[path])
    except (OSError, ValueError, KeyError, TypeError):
        return None
