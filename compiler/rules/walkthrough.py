"""T1: the turn budget comes from a person's walkthrough."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule


@rule(
    "MRLC502",
    "turns-far-from-human",
    severity="warning",
    bad=(Edit("turns: {human: 2}", "turns: {human: 2, max_turns: 2}"),),
    good=(Edit("turns: {human: 2}", "turns: {human: 2, max_turns: 3}"),),
)
def turns_fit_the_walkthrough(subject: Subject) -> Iterator[Finding]:
    """`max_turns` is far from the turns that a person needs.

    A model that may take no more turns than a person has no turn left for a mistake, so early
    episodes all end unfinished and earn the same. One that may take over three times as many
    pays for long episodes that wander, in tokens and in time.

    Leave `max_turns` out: it is then 1.5 times `human`, rounded up. Else keep it between
    human + 1 and 3 × human.
    """
    turns = subject.experiment.turns
    if turns.human is None or turns.max_turns is None:
        return
    low, high = turns.human + 1, 3 * turns.human
    if not low <= turns.max_turns <= high:
        is_low = turns.max_turns < low
        why = "leaves no turn for a mistake" if is_low else "lets episodes wander"
        message = f"`max_turns: {turns.max_turns}` {why}"
        labels = (Label(subject.value("turns.human"), "what a person needs"),)
        help = f"{low} to {high} is sound; left out, it is {(3 * turns.human + 1) // 2}"
        yield Finding("turns.max_turns", message, "", labels, help)
