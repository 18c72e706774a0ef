"""vLLM writes the episodes that are trained on: what it needs, and what it leaves without effect."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

VLLM = "rollout.vllm"


def rollout(text: str) -> Edit:
    """Give the example project a section `rollout`."""
    return Edit("algorithm: {steps: 2", f"rollout: {text}\nalgorithm: {{steps: 2")


@rule(
    "MRLC590",
    "vllm-field-without-effect",
    bad=(rollout("{vllm: {mode: colocate}}"),),
    good=(rollout("{backend: vllm, vllm: {mode: colocate}}"),),
)
def vllm_fields_have_effect(subject: Subject) -> Iterator[Finding]:
    """A field of vLLM is read by nobody.

    Episodes would be written by `transformers`, or by a server that was started with other values
    than those in the spec.

    Say `rollout.backend: vllm`; a server of your own takes its options where you start it.
    """
    rollout = subject.experiment.rollout
    vllm = rollout.vllm
    if vllm is None:
        return
    if rollout.backend != "vllm":
        message = "`vllm` has no effect beside `backend: transformers`"
        yield Finding(VLLM, message, at=subject.name(VLLM))
        return
    if vllm.server is None:
        return
    label = Label(subject.name(f"{VLLM}.server"), "a server of your own")
    for name in ("gpu_memory_utilization", "max_model_length"):
        if subject.scalar(f"{VLLM}.{name}"):
            message = f"`{name}` has no effect on a server that runs already"
            yield Finding(f"{VLLM}.{name}", message, "", (label,))


@rule(
    "MRLC591",
    "vllm-in-stock-engine",
    bad=(
        rollout("{backend: vllm}"),
        Edit("algorithm: {steps: 2", "algorithm: {engine: stock, steps: 2"),
    ),
    good=(rollout("{backend: vllm}"),),
)
def stock_engine_is_plain(subject: Subject) -> Iterator[Finding]:
    """TRL's own tool loop is asked to use vLLM.

    `engine: stock` is the reference that our episodes are compared with, token by token; with
    other kernels on one side it would show the kernels' difference.

    Leave `engine` out, or `rollout.backend`.
    """
    experiment = subject.experiment
    if experiment.rollout.backend == "vllm" and experiment.algorithm.engine == "stock":
        label = Label(subject.value("rollout.backend"), "other kernels")
        yield Finding("algorithm.engine", "`stock` runs on `transformers` only", "", (label,))


@rule(
    "MRLC592",
    "vllm-server-unclear",
    bad=(rollout("{backend: vllm, vllm: {mode: server}}"),),
    good=(rollout('{backend: vllm, vllm: {mode: server, server: "env:VLLM_URL"}}'),),
)
def vllm_server_is_one(subject: Subject) -> Iterator[Finding]:
    """`mode: server` has no server, or two, or there is a server and nobody asks it.

    The trainers would wait for a server that nobody starts, or GPUs would be paid for and idle.

    With `mode: server` give its address, or keep GPUs of the job by `target.sagemaker.vllm_gpus`;
    with `mode: colocate`, neither.
    """
    rollout, job = subject.experiment.rollout, subject.experiment.target.sagemaker
    if rollout.vllm is not None and rollout.backend != "vllm":
        return  # the whole section is without effect, which has a rule of its own
    serves = rollout.vllm is not None and rollout.vllm.mode == "server"
    address = rollout.vllm.server if rollout.vllm else None
    keeps = job is not None and job.vllm_gpus is not None
    kept = "target.sagemaker.vllm_gpus"
    if not serves:
        if keeps:
            yield Finding(kept, "GPUs are kept for a server, and nothing has `mode: server`")
        if address is not None:
            yield Finding(f"{VLLM}.server", "`mode: colocate` asks no server")
    elif address is None and not keeps:
        help = "give `server`, or keep GPUs by `target.sagemaker.vllm_gpus`"
        yield Finding(f"{VLLM}.mode", "no server is named, and the job starts none", help=help)
    elif address is not None and keeps:
        label = Label(subject.value(kept), "a server of the job")
        message = "a server of your own, and GPUs for one of the job"
        yield Finding(f"{VLLM}.server", message, "", (label,))


@rule(
    "MRLC593",
    "vllm-not-deterministic",
    severity="warning",
    bad=(rollout("{backend: vllm, deterministic: true}"),),
    good=(rollout("{deterministic: true}"),),
)
def vllm_is_not_deterministic(subject: Subject) -> Iterator[Finding]:
    """Determinism is asked of vLLM.

    `deterministic` makes who is computed with whom independent of the tools' times. vLLM orders
    its batches itself, so the last bits of its sums differ from run to run whatever is asked.

    Leave `deterministic` out, or let `transformers` write the episodes.
    """
    rollout = subject.experiment.rollout
    if rollout.backend == "vllm" and rollout.deterministic:
        label = Label(subject.value("rollout.backend"), "batches as it sees fit")
        message = "`deterministic` holds only for `backend: transformers`"
        yield Finding("rollout.deterministic", message, "", (label,))
