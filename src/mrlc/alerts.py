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
        yield Table(f"{told}: {len(firings)} fired", columns, rows, texts=("does", "symptom"))
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
            yield f"  because  {condition['metric']} is {condition['asks']}: {_figures(condition)}"
    yield f"  change   {one['first_change']}"
    for line in (one["patch"] or "").splitlines():
        yield f"  try      mrlc check SPEC --set {line}"


def _figures(condition: Mapping[str, Any]) -> str:
    """What decided: of a trend's two bounds, the one that was asked for."""
    beside = "surely_below" if condition["asks"].startswith("rising") else "surely_above"
    return ", ".join(
        f"{word} {_number(condition[key])}"
        for key, word in FIGURES.items()
        if condition.get(key) is not None and not ("change" in condition and key == beside)
    )


def _endings(record: Mapping[str, Any]) -> Iterator[str]:
    was = record["recorded"]
    ending = record["ending"]
    if ending is not None and (was is None or _place(was) != _place(ending)):
        left = record["steps"] - ending["step"]
        spared = f", {counted(left, 'step')} before the end" if left > 0 else ""
        yield f"these rules end the training at step {ending['step']} ({ending['rule']}){spared}"
    if was is not None:
        back = f"; its model is that of step {was['model_step']}" if was["rolls_back"] else ""
        yield f"the run was stopped by alert {was['rule']} at step {was['step']}{back}"


def _place(ending: Mapping[str, Any]) -> tuple[str, int]:
    return ending["rule"], ending["step"]


def _disagreement(rule: str, found: Mapping[str, Any]) -> Iterator[Block]:
    how = found["agreement"]
    between = f"steps {found['first']} to {found['last']}"
    title = f"{rule}: {counted(found['episodes'], 'training episode')} of {between}"
    rows = (
        ("mean reward", _number(how["reward"])),
        *(
            (f"mean of component {name}, before its weight", _number(how["components"][name]))
            for name in how["components"]
        ),
        ("success by the evaluation's scorer", _number(how["success"])),
        ("mean reward at failure", _number(how["paid_at_failure"])),
        ("success paid more than failure (AUC)", _number(how["auc"])),
    )
    yield Table(title, ("", ""), rows)
    if found["offenders"]:
        columns = (
            "task",
            "step",
            "member",
            "reward",
            "score",
            "paid for",
            "how its last turn ends",
        )
        yield Table(
            "episodes that are paid and fail, the most paid first",
            columns,
            tuple(map(_offender, found["offenders"])),
            texts=("paid for", "how its last turn ends"),
        )


def _offender(one: Mapping[str, Any]) -> tuple[str, ...]:
    text = " ".join(one["text"].split()) or "(empty)"
    figures = _number(one["reward"]), _number(one["score"])
    paid = ", ".join(
        f"{name} {_number(value)}" for name, value in one["components"].items() if value
    )
    return one["task"], str(one["step"]), str(one["member"]), *figures, paid, text


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
