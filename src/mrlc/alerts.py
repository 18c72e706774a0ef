"""What rules say of a run, as people read it: what fired when, on what evidence, what to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mrlc.evaluations import counted
from mrlc.tables import Block, Lines, Table

FIGURES = {
    "value": "at",
    "change": "changed by",
    "surely_above": "surely above",
    "surely_below": "surely below",
    "share": "share",
    "mean": "mean",
    "best": "best",
    "last_seen": "last seen at step",
}
"""What a condition's figures are called."""


def blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """A `Replay` as JSON has it."""
    firings, rules = record["firings"], record["rules"]
    told = f"{counted(len(rules), 'rule')} over {counted(record['steps'], 'step')}"
    if not firings:
        yield Lines((f"{told}: none fires",))
    else:
        rows = tuple(_firing(one) for one in firings)
        columns = ("rule", "step", "since", "does", "symptom")
        yield Table(f"{told}: {len(firings)} fired", columns, rows)
    for one in firings:
        yield Lines(tuple(_details(one)))
    yield Lines(tuple(_endings(record)))
    for rule, found in record["disagreements"].items():
        yield from _disagreement(rule, found)


def _firing(one: Mapping[str, Any]) -> tuple[str, ...]:
    does = [*one["actions"], *(f"notify {name}" for name in one["notify"])]
    since = str(one["evidence"]["since"])
    return one["rule"], str(one["step"]), since, ", ".join(does), one["symptom"]


def _details(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"{one['rule']} at step {one['step']}"
    for condition in one["evidence"]["conditions"]:
        if condition["holds"]:
            figures = ", ".join(
                f"{word} {_number(condition[key])}"
                for key, word in FIGURES.items()
                if condition.get(key) is not None
            )
            yield f"  because  {condition['metric']} is {condition['asks']}: {figures}"
    yield f"  change   {one['first_change']}"
    for line in (one["patch"] or "").splitlines():
        yield f"  try      mrlc check SPEC --set {line}"


def _endings(record: Mapping[str, Any]) -> Iterator[str]:
    if (ending := record["ending"]) is not None:
        left = record["steps"] - ending["step"]
        spared = f", {counted(left, 'step')} before the end" if left > 0 else ""
        yield f"these rules end the training at step {ending['step']} ({ending['rule']}){spared}"
    if (was := record["recorded"]) is not None:
        back = f"; its model is that of step {was['model_step']}" if was["rolls_back"] else ""
        yield f"the run was stopped by alert {was['rule']} at step {was['step']}{back}"


def _disagreement(rule: str, found: Mapping[str, Any]) -> Iterator[Block]:
    how = found["agreement"]
    between = f"steps {found['first']} to {found['last']}"
    title = f"{rule}: {counted(found['episodes'], 'training episode')} of {between}"
    rows = (
        ("mean reward", _number(how["reward"])),
        ("success by the evaluation's scorer", _number(how["success"])),
        ("mean reward at failure", _number(how["paid_at_failure"])),
        ("success paid more than failure (AUC)", _number(how["auc"])),
    )
    yield Table(title, ("", ""), rows)
    if found["offenders"]:
        columns = ("task", "step", "member", "reward", "score", "how its last turn ends")
        yield Table(
            "episodes that are paid and fail, the most paid first",
            columns,
            tuple(map(_offender, found["offenders"])),
        )


def _offender(one: Mapping[str, Any]) -> tuple[str, ...]:
    text = " ".join(one["text"].split()) or "(empty)"
    figures = _number(one["reward"]), _number(one["score"])
    return one["task"], str(one["step"]), str(one["member"]), *figures, text


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
