"""The order of the training tasks, known before the first step.

TRL shuffles anew for each epoch, from a generator whose state no checkpoint keeps: a run that is
resumed in its third epoch would draw the first's order again. So the whole order is drawn here, as
TRL draws it (a permutation an epoch, without the rest that fills no step), and laid out as one
epoch that is read from front to back.
"""

from __future__ import annotations

from mrlc.runtime.setup import Setup
from mrlc.runtime.train.arguments import trainer_seed


def setup_order(setup: Setup) -> list[int]:
    """The order of a run's training tasks."""
    section = setup.experiment.algorithm
    return task_order(
        len(setup.tasks["train"]),
        a_step=section.prompts_per_step,
        steps=section.steps,
        seed=trainer_seed(section, seed=setup.seed),
    )


def task_order(tasks: int, *, a_step: int, steps: int, seed: int) -> list[int]:
    """Places in the list of tasks, `a_step` for each step."""
    import torch

    generator = torch.Generator()
    generator.manual_seed(seed)
    whole = tasks // a_step * a_step
    order: list[int] = []
    while len(order) < steps * a_step:
        order += torch.randperm(tasks, generator=generator).tolist()[:whole]
    return order[: steps * a_step]
