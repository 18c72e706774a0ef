"""V4: held-out tasks were not trained on. And one task has one answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations

from mrlc.compiler.files import Row
from mrlc.compiler.likeness import Likeness
from mrlc.compiler.openings import Shown, normal_openings, shown, shows_task
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.rules.answers import column_value
from mrlc.compiler.rules.columns import compared
from mrlc.compiler.rules.splits import content
from mrlc.compiler.subject import SPLITS

Pairs = tuple[tuple[Row, Row], ...]

TRAIN, TEST = "specs/data/train.jsonl", "specs/data/test.jsonl"
STORY = (
    "A customer brings bike 1 back for the second time this week and says that the brakes still "
    "squeal; which job is it, and when is it done?"
)


@rule(
    "MRLC507",
    "repeated-prompt",
    bad=(Edit("Bike 4?", "  bike  1?", TEST),),
    good=(Edit("Bike 4?", "Bike 14?", TEST),),
)
def prompts_are_in_one_split(subject: Subject) -> Iterator[Finding]:
    """Tasks of two splits show the model the same prompt.

    A held-out task that was trained on measures memory. Ids and other columns may differ: what
    counts is what the model is shown, whatever its case, white space or Unicode form.

    Split by the thing that the tasks are about (the customer, the order), not by row.
    """
    for first, second in _compared_splits(subject):
        same = _same(shown(subject, first), shown(subject, second))
        if same:
            yield _shared(subject, same, (first, second), "repeats", "repeat")


@rule(
    "MRLC508",
    "near-duplicate-prompt",
    severity="warning",
    bad=(
        Edit("Bike 1?", STORY, TRAIN),
        Edit("Bike 4?", STORY.replace("says that", "claims that"), TEST),
    ),
    good=(
        Edit("Bike 1?", STORY, TRAIN),
        Edit("Bike 4?", STORY.replace("bike 1", "bike 4"), TEST),
    ),
)
def prompts_differ_between_splits(subject: Subject) -> Iterator[Finding]:
    """Tasks of two splits show the model nearly the same prompt.

    A reworded task is learnt with its original, so the held-out score flatters. Texts count as
    near where seven tenths of their three-word runs agree and all their numbers do: tasks made
    from one sentence by changing a number are different tasks.

    Keep all wordings of one task in one split.
    """
    for first, second in _compared_splits(subject):
        near = _near(shown(subject, first), shown(subject, second))
        if near:
            yield _shared(subject, near, (first, second), "nearly repeats", "nearly repeat")


@rule(
    "MRLC530",
    "contradictory-tasks",
    severity="warning",
    bad=(Edit("Bike 2?", "Bike 1?", TRAIN),),
    good=(Edit("Bike 2?", "Bike 2, please?", TRAIN),),
)
def tasks_do_not_contradict(subject: Subject) -> Iterator[Finding]:
    """Two tasks of a split show the same prompt and expect different answers.

    Nothing tells the model which of the two it is given, so one of them is always lost, and the
    best score that can be reached is below 1. Mostly the prompt lacks a column that the answer
    depends on.

    Write that column into the prompt, or mend the data.
    """
    for against, path in sorted({column: path for path, column in compared(subject)}.items()):
        for split in SPLITS if shows_task(subject) else ():
            seen: dict[str, Row] = {}
            for row, text in normal_openings(shown(subject, split)):
                first = seen.setdefault(text, row)
                if column_value(first.values, against) != column_value(row.values, against):
                    message = f"two tasks of {split} differ in `{against}`, not in their prompt"
                    label = Label(first.span, "the same prompt")
                    help = "write the column that tells them apart into the prompt"
                    yield Finding(path, message, "", (label,), help, row.span)
                    break


def _compared_splits(subject: Subject) -> list[tuple[str, str]]:
    """Pairs of splits; none where all prompts are one text, which is another rule's fault."""
    return list(combinations(SPLITS, 2)) if shows_task(subject) else []


@lru_cache(maxsize=64)
def _same(first: Shown, second: Shown) -> Pairs:
    """Tasks of the second split whose prompt is in the first, with the task there."""
    known = {text: row for row, text in reversed(normal_openings(first))}
    return tuple(
        (row, known[text])
        for row, text in normal_openings(second)
        if text in known and not _is_one_task(row, known[text])
    )


@lru_cache(maxsize=64)
def _near(first: Shown, second: Shown) -> Pairs:
    """Tasks of the second split whose prompt is near one of the first, with the task there."""
    known = {text: row for row, text in reversed(normal_openings(first))}
    likeness = Likeness()
    likeness.add(known)
    return tuple(
        (row, known[match])
        for row, text in normal_openings(second)
        if text not in known and (match := next(likeness.near(text), None)) is not None
    )


def _is_one_task(row: Row, other: Row) -> bool:
    """Whether `splits` reports the pair already, by id or content."""
    ids = [str(one.values.get("id")) for one in (row, other)]
    named = all(one.values.get("id") not in (None, "") for one in (row, other))
    return (named and ids[0] == ids[1]) or content(row.values) == content(other.values)


def _shared(
    subject: Subject, pairs: Pairs, splits: tuple[str, str], one: str, many: str
) -> Finding:
    """One finding for two splits, shown with the first pair."""
    (row, other), (first, second) = pairs[0], splits
    count = len(pairs)
    verb = f"a prompt of {second} {one}" if count == 1 else f"{count} prompts of {second} {many}"
    labels = (Label(other.span, f"shown in {first}"),)
    help = "held-out tasks must not be trained on" if first == "train" else None
    return Finding(f"data.{second}", f"{verb} one of {first}", "", labels, help, row.span)
