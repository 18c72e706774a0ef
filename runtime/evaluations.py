"""Evaluations after the fact: any weights, on any split, as the plan evaluates.

With the run's own seed, on its test split, the base and the trained model give what the run
itself found: the streams of the episodes are the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.runtime.compare import compare
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.evaluate import evaluate, field_rule
from mrlc.runtime.progress import Progress
from mrlc.runtime.reference import evaluate_reference
from mrlc.runtime.setup import Setup
from mrlc.runtime.task import Split, Task
from mrlc.runtime.weights import Weights, prepare_with
from mrlc.schemas import Plan

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FORMAT = "mrlc.evaluation/1"
LONGEST = 200
"""Characters of a file's name, well below what file systems take."""


@dataclass(frozen=True)
class Question:
    """What to measure, besides what the plan says."""

    split: Split
    seed: int
    limit: int | None = None
    """Tasks from the start of the split; None for all."""
    samples: int | None = None
    """Sampled episodes a task; None for the plan's number, 0 for none."""
    reference: bool = False
    """Whether the plan's reference model plays too."""


def evaluate_weights(
    plan: Plan,
    folder: Path,
    weights: Sequence[Weights],
    question: Question,
    progress: Progress,
    *,
    kept: Path | None = None,
) -> dict[str, Any]:
    """Evaluate each, and compare the others with the first; a record as JSON has it.

    What other models are asked is kept in the folder `kept`, and not asked again.

    Raises:
        PlanBroken: a model folder does not load.
        PlanFault: the plan has a fault, or its scorer fails.
        RemoteFailed: the reference does not answer.
    """
    results = []
    for one in weights:
        setup = prepare_with(plan, folder, one, seed=question.seed)
        if kept is not None:
            setup.endpoints.keep_in(kept)
        with progress.phase(f"evaluating {one.name}"):
            results.append((one.name, _evaluated(setup, one, question)))
    if question.reference:
        with progress.phase("evaluating reference"):
            results.append(("reference", _evaluated_reference(setup, question)))
    digest = plan.digests.semantic
    first, *others = results
    pairs = ((name, compare(first[1], result, digest=digest)) for name, result in others)
    return {
        "format": FORMAT,
        "plan": digest,
        "question": asdict(question),
        "results": [{"name": name} | result for name, result in results],
        "comparisons": [
            {"before": first[0], "after": name} | found.as_json() for name, found in pairs if found
        ],
    }


def file_name(record: dict[str, Any]) -> str:
    """A name that says what was asked, `test-base-model-s1.json`; asked again, it is replaced."""
    question = record["question"]
    parts = [question["split"], *(_slug(one["name"]) for one in record["results"])]
    parts.append(f"s{question['seed']}")
    for letter, key in (("n", "limit"), ("k", "samples")):
        if question[key] is not None:
            parts.append(f"{letter}{question[key]}")
    return "-".join(parts)[:LONGEST] + ".json"


def _slug(name: str) -> str:
    """A checkpoint's name for a file: `step10`, `models_other`."""
    return re.sub(r"[^\w.]+", "_", name.replace(" ", "")).strip("_.")


def _evaluated(setup: Setup, weights: Weights, question: Question) -> dict[str, Any]:
    from mrlc.runtime.run import policies_of

    pass_at, samples = _sampled(setup, question)
    found = evaluate(
        setup.engine,
        policies_of(setup, _model(setup, weights)),
        setup.scorer,
        _tasks(setup, question),
        seed=question.seed,
        pass_at=pass_at,
        samples=samples,
        temperature=setup.experiment.evaluation.temperature,
        fields=field_rule(setup.experiment),
    )
    return found.result.as_json()


def _evaluated_reference(setup: Setup, question: Question) -> dict[str, Any]:
    pass_at, samples = _sampled(setup, question)
    found = evaluate_reference(setup, _tasks(setup, question), pass_at=pass_at, samples=samples)
    if found is None:
        help = 'reference: {url: …, model: …, key: "env:NAME"}'
        raise PlanFault("evaluation.scorer", "the plan names no `evaluation.reference`", help=help)
    return found[0].as_json()


def _tasks(setup: Setup, question: Question) -> list[Task]:
    tasks = list(islice(setup.tasks[question.split], question.limit))
    if not tasks:
        raise PlanFault(f"data.{question.split}", "there is no task to evaluate on")
    return tasks


def _sampled(setup: Setup, question: Question) -> tuple[list[int], int]:
    """The k of pass@k that can be had, and the sampled episodes of a task."""
    section = setup.experiment.evaluation
    samples = section.samples_per_task if question.samples is None else question.samples
    return [k for k in section.pass_at if k <= samples], samples


def _model(setup: Setup, weights: Weights) -> PreTrainedModel:
    """The weights, with their adapter merged, on the device that will run them."""
    import torch

    model: Any = setup.base.model
    if weights.adapter is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, str(weights.adapter)).merge_and_unload()
    return model.to("cuda" if torch.cuda.is_available() else "cpu")
