"""Everything a run needs, loaded and checked before a step is paid for.

`load_plan` verifies a plan folder by its digests; `prepare` builds the environment, the
model, the chat format, the reward and the scorer. Whatever the user can still have wrong
at this point is raised here, as a `PlanFault` or a `PlanBroken`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mrlc.runtime.answer import AnswerParser
from mrlc.runtime.demonstrations import Demonstration, load_demonstrations
from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.environment import Environment
from mrlc.runtime.errors import PlanBroken, PlanFault
from mrlc.runtime.files import reason
from mrlc.runtime.model.chat import ChatFormat, ChatFormatError
from mrlc.runtime.model.load import Conversation, LoadedModel, load_model
from mrlc.runtime.reward import Reward
from mrlc.runtime.rollout.engine import Engine
from mrlc.runtime.scorers import Scorer, load_scorer
from mrlc.runtime.seeds import derive_seed
from mrlc.runtime.task import Split, Task
from mrlc.runtime.tasks import load_tasks
from mrlc.schemas import Experiment, Plan

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Setup:
    """The parts of one run."""

    plan: Plan
    seed: int
    environment: Environment
    tasks: dict[Split, list[Task]]
    demonstrations: list[Demonstration]
    base: LoadedModel
    chat: ChatFormat
    engine: Engine
    reward: Reward
    scorer: Scorer
    endpoints: Endpoints
    """Models that are asked; `keep_in` the run's folder before the first episode."""

    @property
    def experiment(self) -> Experiment:
        """The plan's resolved experiment."""
        return self.plan.experiment


def load_plan(folder: Path) -> Plan:
    """Read `plan.json` and verify each input.

    Raises:
        PlanBroken: there is no plan, it cannot be read, or an input is not the one compiled.
    """
    if folder.is_file():
        spec = folder if folder.suffix in (".yaml", ".yml") else "SPEC"
        help = f"mrlc compile {spec} writes one"
        raise PlanBroken(folder, "a file, not the folder of a plan", help=help)
    if (folder / "sweep.json").is_file():
        help = "run one of its variants, each in a folder of its own; mrlc sweep SPEC lists them"
        raise PlanBroken(folder / "sweep.json", "a sweep, not one plan", help=help)
    file = folder / "plan.json"
    try:
        plan = Plan.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise PlanBroken(file, "no such plan", help="mrlc compile SPEC writes one") from None
    except (ValidationError, OSError) as error:
        raise PlanBroken(
            file, f"not a plan: {reason(error)}", help="compile the spec again"
        ) from None
    for name, expected in plan.inputs.items():
        path = folder / "inputs" / name
        if not path.is_file() or _sha256(path) != expected.sha256:
            raise PlanBroken(path, "not the file that was compiled", help="compile the spec again")
    return plan


def prepare(plan: Plan, folder: Path, *, seed: int, chaos: float = 0.0) -> Setup:
    """Build the parts of a run of `plan`, which lies in `folder`.

    `chaos` is the run's: the plan's own counts for runs alone, never for gates or evaluations.

    Raises:
        PlanFault: the model or its chat template cannot be used.
    """
    experiment, inputs = plan.experiment, folder / "inputs"
    turns = experiment.turns
    endpoints = Endpoints()
    environment = Environment.load(experiment, inputs, endpoints=endpoints, chaos=chaos)
    tasks = {split: load_tasks(experiment, inputs, split) for split in SPLITS}
    demonstrations = _demonstrations(experiment, inputs, tasks["train"])
    conversations: list[Conversation] = [
        [*environment.messages(demo.task), *demo.messages] for demo in demonstrations
    ]
    conversations = conversations or [environment.messages(task) for task in tasks["train"]]
    base = load_model(
        experiment,
        inputs,
        conversations=conversations,
        tools=environment.tools,
        seed=derive_seed(seed, "weights"),
    )
    try:
        hears_user = environment.user is not None
        chat = ChatFormat(base.tokenizer, environment.tools, hears_user=hears_user)
    except ChatFormatError as error:
        raise PlanFault(
            "model.base",
            f"the chat template of `{experiment.model.base}` cannot be trained on: {error}",
            help="mend the template, or choose a model made for tool calls",
        ) from error
    _check_cache(base, experiment.model.base)
    answers = AnswerParser(experiment.environment.answer, inputs, timeout_s=turns.tool_timeout_s)
    return Setup(
        plan=plan,
        seed=seed,
        environment=environment,
        tasks=tasks,
        demonstrations=demonstrations,
        base=base,
        chat=chat,
        engine=Engine(environment, chat, answers, turns, experiment.rollout),
        reward=Reward.load(
            experiment.reward, inputs, endpoints=endpoints, timeout_s=turns.score_timeout_s
        ),
        scorer=load_scorer(experiment.evaluation, inputs, timeout_s=turns.score_timeout_s),
        endpoints=endpoints,
    )


def _check_cache(base: LoadedModel, name: str) -> None:
    # Loads numpy, which those who only read plans, such as `gate` and `--rescore`, may not have.
    from mrlc.runtime.rollout.policies.transformers.attention import (
        UnknownAttention,
        check_attention,
    )
    from mrlc.runtime.rollout.policies.transformers.forward import UnknownCache, layers

    try:
        layers(base.model)
        check_attention(base.model)
    except (UnknownCache, UnknownAttention) as error:
        help = "choose a model of attention layers that transformers can run on other back ends"
        message = f"episodes of `{name}` cannot be continued from turn to turn: {error}"
        raise PlanFault("model.base", message, help=help) from error


def _demonstrations(experiment: Experiment, inputs: Path, tasks: list[Task]) -> list[Demonstration]:
    if experiment.warm_start is None:
        return []
    return load_demonstrations(inputs / experiment.warm_start.demonstrations, tasks)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
