"""A firing in words: a headline, and a few lines that say what was seen and what to change.

    alert reward-hacked at step 40: the reward rises and the evaluation does not
      evidence  rollout/reward/mean rises by more than 0.1: slope 0.0121; 0.31 at 21 … 0.55 at 40
                eval/score/mean does not rise by more than 0.05: slope -0.0003; 0.2 at 30, 0.2 at 40
                since 21
      change    read the trajectories, tighten the parser
      patch     reward.components.0.weight=0.5
      then      warn, stop, tell ops

Names and figures may come from a model's own output, so whatever is invisible or would begin
another line is shown as an escape.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mrlc.runtime.alerts.firing import Firing

LONGEST = 2_000
"""Characters of one line; evidence may hold a whole series."""
_LABEL = 10
_SHOWN_APART = ("metric", "asks", "holds", "values")
_THEN = {"roll_back": "roll back"}


def headline(firing: Firing) -> str:
    """The firing in one line."""
    return f"alert {one_line(firing.rule)} at step {firing.step}: {one_line(firing.symptom)}"


def details(firing: Firing) -> dict[str, list[str]]:
    """What a person wants to know next, label → lines."""
    then = [_THEN.get(action, action) for action in firing.actions]
    then += [f"tell {name}" for name in firing.notify]
    found = {
        "evidence": list(_evidence(firing.evidence)),
        "change": [one_line(firing.first_change)],
        "patch": [one_line(line) for line in (firing.patch or "").splitlines()],
        "then": [", ".join(then)],
    }
    return {label: lines for label, lines in found.items() if any(lines)}


def _evidence(evidence: Mapping[str, Any]) -> Iterator[str]:
    """A line a condition, as `watch` gives them, and one of what else there is."""
    for condition in evidence.get("conditions", ()):
        if condition.get("holds") is False:
            continue  # an alternative that did not decide
        rest = {name: value for name, value in condition.items() if name not in _SHOWN_APART}
        parts = [_figures(rest)] if rest else []
        parts += [_series(condition["values"])] if condition.get("values") else []
        asked = one_line(f"{condition.get('metric', '')} {condition.get('asks', '')}".strip())
        yield _cut(f"{asked}: {'; '.join(parts)}" if parts else asked)
    rest = {name: value for name, value in evidence.items() if name != "conditions"}
    if rest:
        yield _cut(_figures({"since step" if k == "since" else k: v for k, v in rest.items()}))


def _figures(named: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{one_line(str(name)).replace('_', ' ')} {_figure(value)}" for name, value in named.items()
    )


def _series(points: Sequence[Any]) -> str:
    """The ends of a series of steps and values; the rest is in alerts.jsonl."""
    first, last = (f"{_figure(value)} at {step}" for step, value in (points[0], points[-1]))
    if len(points) == 1:
        return first
    return f"{first}{' … ' if len(points) > 2 else ', '}{last}"


def block(firing: Firing) -> list[str]:
    """The headline and the details, as lines for a terminal or a plain message."""
    lines = [headline(firing)]
    for label, texts in details(firing).items():
        lines += [
            f"  {label if not index else '':<{_LABEL}}{text}" for index, text in enumerate(texts)
        ]
    return lines


def one_line(text: str) -> str:
    """Text on a line of its own, cut where nobody would read on."""
    return _cut("".join(_shown(letter) for letter in text[: LONGEST + 1]))


def _shown(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter in "\t\n" else letter.encode("unicode_escape", "replace").decode()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _figure(value: Any) -> str:
    """A figure as a person reads it; four digits tell a trend."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, Mapping):
        return f"({_figures(value)})"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_figure(one) for one in value)}]"
    return one_line(json.dumps(value, default=str))


def plain(value: Any) -> Any:
    """A value as JSON holds it: what is no finite number is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)
