"""The reference: a strong model in the same environment, under the same budgets and scorer.

Where it fails too, the environment or the scorer is suspect, and not the policy. It runs through
the same engine, behind the same tools, with its turns read from the endpoint's own tool calls.

An endpoint that fails ends the evaluation: a share over the episodes that happened to be answered
would not be the share that was asked for. What was answered is kept where `Setup.endpoints` is
told to, so the next try pays for the rest alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mrlc.runtime.evaluate import EvaluationResult, PolicyAt, evaluate, field_rule
from mrlc.runtime.rollout.engine import Engine
from mrlc.runtime.rollout.policies.endpoint import EndpointPolicy, MessageFormat, without_ids
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.runtime.setup import Setup
from mrlc.runtime.task import Task
from mrlc.schemas.endpoint import Endpoint

PATH = "evaluation.reference"


@dataclass(frozen=True)
class Reference:
    """A policy, and the engine that speaks its language; the one is of no use without the other."""

    engine: Engine
    policy_at: PolicyAt


def reference_policy(setup: Setup, endpoint: Endpoint) -> Reference:
    """The endpoint as a policy in the experiment's environment.

    Raises:
        PlanFault: a variable that the endpoint names is not set.
    """
    client = setup.endpoints.client(endpoint, PATH)
    format = MessageFormat(setup.chat)
    tools = setup.environment.tools

    def at(temperature: float) -> EndpointPolicy:
        return EndpointPolicy(client, format, tools=tools, temperature=temperature)

    return Reference(replace(setup.engine, chat=format), at)


def evaluate_reference(
    setup: Setup, tasks: Sequence[Task], *, pass_at: Sequence[int] = (), samples: int = 0
) -> tuple[EvaluationResult, list[Trajectory]] | None:
    """Evaluate the spec's reference; None where it declares none.

    Raises:
        PlanFault: a variable that the reference names is not set.
        RemoteFailed: the endpoint does not answer, or its budget is spent.
    """
    section = setup.experiment.evaluation
    if section.reference is None:
        return None
    reference = reference_policy(setup, section.reference)
    found = evaluate(
        reference.engine,
        reference.policy_at,
        setup.scorer,
        tasks,
        seed=setup.seed,
        pass_at=pass_at,
        samples=samples,
        temperature=section.temperature,
        fields=field_rule(setup.experiment),
    )
    return found.result, [without_ids(episode) for episode in found.greedy]
