"""Episodes older than the weights they train, and what the loss makes of the difference."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

AGE = "algorithm.max_steps_off_policy"
CAP = "algorithm.epsilon_high"


@rule(
    "MRLC574",
    "older-than-the-run",
    bad=(Edit("steps: 2,", "steps: 2, max_steps_off_policy: 2,"),),
    good=(Edit("steps: 2,", "steps: 2, max_steps_off_policy: 1,"),),
)
def run_outlasts_its_lead(subject: Subject) -> Iterator[Finding]:
    """Episodes may be as many steps old as the run has.

    All would be played by the weights that the run began with, and none by what was learned.

    Lower `max_steps_off_policy`; 1 already lets episodes and optimiser work at the same time.
    """
    algorithm = subject.experiment.algorithm
    if 0 < algorithm.steps <= algorithm.max_steps_off_policy:
        message = f"no episode of {algorithm.steps} steps would be played by a trained policy"
        label = Label(subject.value("algorithm.steps"), "as long as the run is")
        yield Finding(AGE, message, "", (label,), "1 already overlaps episodes and optimiser")


@rule(
    "MRLC575",
    "stock-without-lead",
    bad=(Edit("steps: 2,", "engine: stock, steps: 2, max_steps_off_policy: 1,"),),
    good=(Edit("steps: 2,", "steps: 2, max_steps_off_policy: 1,"),),
)
def stock_engine_plays_when_asked(subject: Subject) -> Iterator[Finding]:
    """Episodes may be older than the weights, and TRL's own loop plays them when they are due.

    The option would have no effect, and the run would not be the one that the spec describes.

    Use `engine: mrlc`, or remove `max_steps_off_policy`.
    """
    algorithm = subject.experiment.algorithm
    if algorithm.engine == "stock" and algorithm.max_steps_off_policy:
        label = Label(subject.value("algorithm.engine"), "TRL's own loop")
        yield Finding(
            AGE, "`engine: stock` plays no episode ahead", "", (label,), "use `engine: mrlc`"
        )


@rule(
    "MRLC576",
    "cispo-capped-below-one",
    bad=(Edit("steps: 2,", "steps: 2, loss: cispo, epsilon_high: 0.28,"),),
    good=(Edit("steps: 2,", "steps: 2, loss: cispo, epsilon_high: 5.0,"),),
)
def cap_leaves_the_ratio(subject: Subject) -> Iterator[Finding]:
    """`epsilon_high` is below 1 with the loss cispo, which reads it as the ratio itself.

    The other losses clip a ratio at 1 + `epsilon_high`. This one weighs each token by its ratio,
    at most `epsilon_high`: a fresh token, whose ratio is 1, would be cut down to that, and all
    tokens weighed alike, so that nothing is corrected any more.

    Leave it out, which means 5, or write a ratio above 1; for the clip (0.8, 1.2) of PPO choose
    `loss: dapo` and `epsilon: 0.2`.
    """
    algorithm = subject.experiment.algorithm
    highest = algorithm.epsilon_high
    if algorithm.loss == "cispo" and highest is not None and highest < 1:
        message = f"cispo would weigh every token by {highest:g} at most"
        label = Label(
            subject.value("algorithm.loss"), "takes the ratio itself, not what is above 1"
        )
        yield Finding(CAP, message, "", (label,), "leave it out, which means 5")


@rule(
    "MRLC577",
    "lead-without-a-copy",
    bad=(
        Edit("steps: 2,", "steps: 2, max_steps_off_policy: 1,"),
        Edit("algorithm: {", "rollout: {backend: vllm}\nalgorithm: {"),
    ),
    good=(Edit("steps: 2,", "steps: 2, max_steps_off_policy: 1,"),),
)
def lead_has_weights_of_its_own(subject: Subject) -> Iterator[Finding]:
    """Episodes are to be played ahead where no copy of older weights can be kept.

    Playing ahead needs the weights of an earlier step. vLLM is given those of the present step, and
    a training that shares its weights out has them whole only while it plays.

    Remove `max_steps_off_policy`, or let `transformers` write the episodes of trainers that each
    hold the whole model.
    """
    experiment = subject.experiment
    if not experiment.algorithm.max_steps_off_policy:
        return
    job, taken = experiment.target.sagemaker, None
    if experiment.rollout.backend == "vllm":
        taken = ("rollout.backend", "is given the weights of the present step")
    elif job is not None and (job.distribution.fsdp2 or job.distribution.deepspeed):
        taken = ("target.sagemaker.distribution", "shares the weights out")
    if taken is not None:
        label = Label(subject.value(taken[0]), taken[1])
        yield Finding(AGE, "no older weights are kept to play with", "", (label,))
