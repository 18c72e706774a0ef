"""A prompt does not give its answer away."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.expression import ExpressionFault, parse_template
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.rules.columns import compared, missing_column
from mrlc.compiler.tree import Scalar
from mrlc.compiler.variables import within


@rule(
    "MRLC525",
    "answer-in-prompt",
    bad=(Edit("{{ task.question }}", "{{ task.question }} (job {{ task.expected.job }})"),),
    good=(Edit("{{ task.question }}", "{{ task.question }} (task {{ task.id }})"),),
)
def prompt_hides_the_answer(subject: Subject) -> Iterator[Finding]:
    """A prompt shows the model the value that its answer is compared with.

    The model copies it, the score is perfect, and nothing is learnt about the task.

    Take the column out of the prompt.
    """
    against = {column: path for path, column in compared(subject)}
    user = subject.experiment.environment.user
    lines = range(len(user.script or ())) if user else ()
    shown = ("system", "prompt", *(f"user.script.{line}" for line in lines))
    for name in shown:
        path = f"environment.{name}"
        prompt = subject.scalar(path)
        for used, at in _used(prompt) if prompt is not None else ():
            for column in sorted(against):
                if f"{used}.".startswith(f"{column}.") or f"{column}.".startswith(f"{used}."):
                    assert prompt is not None
                    span = within(prompt, *at)
                    if missing_column(subject, tuple(used.split(".")), span, path) is not None:
                        break  # it shows nothing, and is reported for that
                    label = Label(subject.value(against[column]), "compared here")
                    message = f"the prompt shows the expected answer, `{used}`"
                    yield Finding(path, message, "", (label,), None, span)
                    break


def _used(prompt: Scalar) -> Iterator[tuple[str, tuple[int, int]]]:
    """The columns that a prompt shows, and where."""
    try:
        expressions = parse_template(str(prompt.value)).expressions
    except ExpressionFault:
        return
    for expression in expressions:
        yield from ((".".join(use.names), use.at) for use in expression.uses if use.names[1:])
