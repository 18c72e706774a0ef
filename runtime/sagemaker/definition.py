"""Whether a job that exists is the one that was compiled, and what differs where it is not.

A job's name comes from what it computes. Its instance, its image or its limits may have changed
since it was sent, under the same name; `mrlc.definition`, a digest in its hyperparameters, tells.
What differs is looked up in what the service says of the job, as far as it says it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mrlc.runtime.sagemaker.job import Job
from mrlc.runtime.sagemaker.jobs import Seen

Place = tuple[str, ...]

DIGEST = "mrlc.definition"
COMPARED = (
    "RoleArn",
    "AlgorithmSpecification",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "RetryStrategy",
    "CheckpointConfig",
    "VpcConfig",
    "Environment",
    "EnableManagedSpotTraining",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
)
"""Members that the service says again."""
_OURS = (
    ("AlgorithmSpecification", "MetricDefinitions"),
    ("AlgorithmSpecification", "ContainerEntrypoint"),
    ("AlgorithmSpecification", "ContainerArguments"),
)
_INPUTS, _CHANNELS = "InputDataConfig", ("mrlc", "mrlc-plan")
"""What mrlc adds by itself."""


class Difference(NamedTuple):
    """A value of the request that the job does not have."""

    place: Place
    there: Any
    compiled: Any

    def __str__(self) -> str:
        there = "nothing" if self.there is None else self.there
        compiled = "nothing" if self.compiled is None else self.compiled
        return f"{'.'.join(self.place)} is {there} there and {compiled} here"


def is_other(job: Job, seen: Seen) -> bool:
    """Whether a job was sent with another definition; of one that does not say, no."""
    there = seen.answer.get("HyperParameters", {}).get(DIGEST)
    return there is not None and there != job.estimator["HyperParameters"].get(DIGEST)


def differences(job: Job, seen: Seen) -> list[Difference]:
    """What differs of what the service says; nothing, where it is the tags."""
    there, compiled = dict(seen.answer), job.estimator
    ours = [one for one in compiled[_INPUTS] if one["ChannelName"] in _CHANNELS]
    given = [one for one in there.get(_INPUTS, ()) if one["ChannelName"] not in _CHANNELS]
    there[_INPUTS] = [*ours, *given]
    return [
        one
        for member in COMPARED
        for one in _differing(there.get(member), compiled.get(member), (member,))
    ]


def _differing(there: Any, compiled: Any, at: Place) -> Iterator[Difference]:
    if at in _OURS or there == compiled or not (there or compiled):
        return
    if isinstance(there, list) and isinstance(compiled, list) and len(there) == len(compiled):
        there, compiled = _by_index(there), _by_index(compiled)
    if isinstance(there, dict) and isinstance(compiled, dict):
        # Of what is compiled alone: the service adds defaults of its own.
        for key, value in compiled.items():
            yield from _differing(there.get(key), value, (*at, key))
    else:
        yield Difference(at, there, compiled)


def _by_index(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}
