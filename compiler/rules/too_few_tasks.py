"""A step draws different tasks."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule


@rule(
    "MRLC510",
    "too-few-tasks",
    bad=(Edit("prompts_per_step: 2", "prompts_per_step: 16"),),
    good=(Edit("prompts_per_step: 2", "prompts_per_step: 1"),),
)
def a_step_has_its_tasks(subject: Subject) -> Iterator[Finding]:
    """A step needs more tasks than the training split has.

    A step draws its tasks without repeating one, and TRL drops a batch that it cannot fill:
    the run would have no step at all.

    Lower `prompts_per_step`, or add tasks.
    """
    algorithm = subject.experiment.algorithm
    table = subject.split_file("train").table
    tasks = len(table.rows)
    if algorithm.steps and not table.faults and 0 < tasks < algorithm.prompts_per_step:
        count = f"{tasks} training task{'' if tasks == 1 else 's'}"
        message = f"a step draws {algorithm.prompts_per_step} tasks, but there are {count}"
        label = Label(subject.value("data.train"), count)
        help = f"`prompts_per_step: {tasks}` is the largest that can be drawn"
        yield Finding("algorithm.prompts_per_step", message, "", (label,), help)
