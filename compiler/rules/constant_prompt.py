"""A prompt that tells the task."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.openings import shows_task
from mrlc.compiler.rules import Edit, Finding, Subject, rule


@rule(
    "MRLC515",
    "prompt-without-task",
    bad=(Edit('"{{ task.question }}"', "Answer the customer."),),
    good=(Edit('"{{ task.question }}"', '"The customer asks: {{ task.question }}"'),),
)
def prompt_tells_the_task(subject: Subject) -> Iterator[Finding]:
    """No prompt uses a column of the task, so that all tasks look the same.

    The model cannot know which task it is given: the best it can learn is the one answer that
    is right most often.

    Put the task into the prompt, as in `{{ task.question }}`.
    """
    if not shows_task(subject):
        columns = subject.split_file("train").table.columns
        help = f"write a column into it, as in {{{{ task.{_likely(columns)} }}}}"
        yield Finding("environment.prompt", "every task has the same prompt", help=help)


def _likely(columns: tuple[str, ...]) -> str:
    known = [name for name in ("question", "prompt", "input", "text") if name in columns]
    rest = [name for name in columns if name not in ("id", "expected", "answer")]
    return [*known, *rest, "question"][0]
