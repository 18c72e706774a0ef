"""Sizes and choices that must fit one another."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.diagnostics import Diagnostic, Label
from mrlc.compiler.rules import Subject, check


@check
def step_divides_into_micro_batches(subject: Subject) -> Iterator[Diagnostic]:
    algorithm = subject.experiment.algorithm
    episodes = algorithm.prompts_per_step * algorithm.group_size
    if algorithm.micro_batch is not None and episodes % algorithm.micro_batch:
        path = "algorithm.micro_batch"
        message = (
            f"a step of {episodes} episodes does not divide into batches of {algorithm.micro_batch}"
        )
        label = f"{algorithm.prompts_per_step} prompts × {algorithm.group_size} episodes a step"
        yield Diagnostic("MRLC210", message, subject.value(path), label, path=path)


@check
def tiny_model_is_consistent(subject: Subject) -> Iterator[Diagnostic]:
    model = subject.experiment.model
    if model.tiny is None:
        return
    if model.base != "tiny":
        label = Label(subject.value("model.base"), "the model is this one")
        message = "`tiny` sizes the built-in model only"
        help = "say `base: tiny`, or remove this section"
        yield Diagnostic(
            "MRLC211", message, subject.name("model.tiny"), "", (label,), help, "model.tiny"
        )
    size, heads = model.tiny.hidden_size, model.tiny.heads
    if size % heads or (size // heads) % 2:
        path = "model.tiny.heads"
        message = f"hidden_size {size} does not divide into {heads} heads of even size"
        label = Label(subject.value("model.tiny.hidden_size"), "divided here")
        yield Diagnostic("MRLC210", message, subject.value(path), "", (label,), path=path)


@check
def built_in_model_has_no_revision(subject: Subject) -> Iterator[Diagnostic]:
    model = subject.experiment.model
    if model.revision is not None and (model.base == "tiny" or model.is_folder):
        path = "model.revision"
        message = "`revision` names a commit of a Hub model; this model has none"
        label = Label(subject.value("model.base"), "the model is this one")
        yield Diagnostic("MRLC211", message, subject.value(path), "", (label,), path=path)


@check
def stock_engine_has_tools(subject: Subject) -> Iterator[Diagnostic]:
    experiment = subject.experiment
    if experiment.algorithm.engine == "stock" and not experiment.environment.tools:
        path = "algorithm.engine"
        message = "TRL's own loop needs at least one tool"
        help = "use `engine: mrlc`, which also runs episodes without tools"
        yield Diagnostic("MRLC212", message, subject.value(path), help=help, path=path)
