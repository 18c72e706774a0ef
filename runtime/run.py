"""A run from plan to verdict: warm start, base, training, trained, each phase kept when done.

Every phase ends in files that appear whole or not at all, and starts by looking whether
they are there; so a run that was killed goes on where it was, and ends in the same bytes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrlc.runtime.accounts import SAMPLES, Account, Planned, accounts, tally
from mrlc.runtime.alerts.act import sentence, telling
from mrlc.runtime.alerts.ending import Ending, kept
from mrlc.runtime.base import base_model, load, save
from mrlc.runtime.compare import Comparison, compare
from mrlc.runtime.evaluate import PolicyAt, evaluate, field_rule
from mrlc.runtime.files import write_json
from mrlc.runtime.heap import keep_freed_memory
from mrlc.runtime.metrics import scored_episodes
from mrlc.runtime.notify.deliver import Courier
from mrlc.runtime.progress import Phase, Progress
from mrlc.runtime.record import RunFolder
from mrlc.runtime.rollout.frames import call_frames
from mrlc.runtime.rollout.policies.transformers import TransformersPolicy
from mrlc.runtime.setup import Setup
from mrlc.runtime.stopping import NEVER, Stop
from mrlc.runtime.team import ALONE, Team
from mrlc.runtime.train.vllm import require_vllm
from mrlc.schemas import Experiment

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Verdict:
    """What a run came to."""

    base: dict[str, Any]
    """The base model's `EvaluationResult` on the held-out split."""
    trained: dict[str, Any]
    comparison: Comparison | None
    """The two, paired task by task; None where no task has a score in both."""
    steps: int
    """Of the training; fewer than the spec's where an alert stopped it."""
    seconds: float
    """Wall time of this call; a resumed run counts its last part."""
    run: Path
    chaos: float = 0.0
    """Share of tool calls that were made to fail; then the figures are evidence of nothing else."""
    ending: Ending | None = None
    """How an alert ended the training, if one did."""
    books: Mapping[str, Account] = field(default_factory=dict)
    """What became of every episode, by phase."""

    def as_json(self) -> dict[str, Any]:
        """The one line that `mrlc run --json` ends with."""
        stopped = {"stopped": asdict(self.ending)} if self.ending else {}
        chaos = {"chaos": self.chaos, "books_balance": self.balances} if self.chaos else {}
        return {
            "base": self.base["success"],
            "trained": self.trained["success"],
            "steps": self.steps,
            "seconds": round(self.seconds, 1),
            "run": str(self.run),
            **chaos,
            "stopped_by": self.ending.rule if self.ending else None,
            **stopped,
        }

    @property
    def balances(self) -> bool:
        """Whether every episode that was started is accounted for."""
        return all(one.balances for one in self.books.values())

    @property
    def says(self) -> str | None:
        """How an alert ended the training, why, and what to change first, on one line."""
        return sentence(RunFolder(self.run), self.ending) if self.ending else None


def execute(setup: Setup, run: RunFolder, progress: Progress, *, stop: Stop = NEVER) -> Verdict:
    """Run every phase that is not done yet.

    Raises:
        ComponentFailed: a reward component or scorer of the user's own failed.
    """
    started = time.monotonic()
    base, before = start(setup, run, progress, stop=stop)
    trained = _trained_model(setup, run, base, progress, stop)
    after = _verdict_on("trained", setup, run, trained, progress)
    books = accounts(run, Planned.of(setup.experiment, setup.tasks))
    write_json(run.accounts, {phase: one.as_json() for phase, one in books.items()})
    ending = kept(run)
    return Verdict(
        base=before,
        trained=after,
        comparison=compare(before, after, digest=setup.plan.digests.semantic),
        steps=ending.step if ending else setup.experiment.algorithm.steps,
        seconds=time.monotonic() - started,
        run=run.path,
        chaos=run.chaos(),
        ending=ending,
        books=books,
    )


def start(
    setup: Setup, run: RunFolder, progress: Progress, *, stop: Stop = NEVER
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """The phases before the training: the base model, and what it comes to."""
    require_vllm(setup.experiment.rollout)
    setup.endpoints.keep_in(run.endpoints)
    base = base_model(setup, run, progress, stop=stop)
    return base, _verdict_on("base", setup, run, base, progress)


def train_together(
    setup: Setup, run: RunFolder, progress: Progress, *, team: Team, stop: Stop
) -> None:
    """The training alone, by all processes of a team; `start` was called where the first is."""
    setup.endpoints.keep_in(run.endpoints)
    team.share(run.base)
    if team.word(run.model.exists()):
        return
    with progress.phase("training") as phase:
        base = load(setup, run.base)
        model = _train(setup, run, base, phase, team=team, stop=stop)
    if team.is_first:
        save(setup, model, run.model)


def configure_torch(experiment: Experiment) -> None:
    """Threads as the target says; algorithms that give the same bits twice; a heap that is kept."""
    import torch

    keep_freed_memory()
    threads = experiment.target.local.threads
    if threads is not None:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # The flag above would also fill every new tensor with NaN, which on its own made a warm
    # start four times slower; nothing here reads a tensor that it has not written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def quiet_libraries() -> None:
    """Silence what the libraries say on start; call before they are imported."""
    import logging
    import warnings

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    warnings.filterwarnings("ignore", category=UserWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    for name in ("trl", "transformers", "accelerate", "datasets", "peft"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _trained_model(
    setup: Setup, run: RunFolder, base: PreTrainedModel, progress: Progress, stop: Stop
) -> PreTrainedModel:
    if not run.model.exists():
        model = base
        if setup.experiment.algorithm.steps:
            with progress.phase("training") as phase:
                model = _train(setup, run, base, phase, stop=stop)
        save(setup, model, run.model)
    return load(setup, run.model)


def _train(
    setup: Setup,
    run: RunFolder,
    base: PreTrainedModel,
    phase: Phase,
    *,
    team: Team = ALONE,
    stop: Stop,
) -> PreTrainedModel:
    from mrlc.runtime.train.grpo import train

    def on_step(step: int, metrics: dict[str, float]) -> None:
        phase.step(step, setup.experiment.algorithm.steps, metrics)

    def on_evaluate(step: int, model: PreTrainedModel) -> dict[str, float]:
        found = evaluate(
            setup.engine,
            policies_of(setup, model),
            setup.scorer,
            setup.tasks["validation"],
            seed=setup.seed,
        )
        run.append_tally(tally(found.greedy), phase="validation", step=step)
        result = found.result
        score = {} if result.mean_score is None else {"eval/score/mean": result.mean_score}
        if result.completion is not None:
            score["eval/completion"] = result.completion
        broken = {"eval/env_error": result.unscorable / result.tasks} if result.unscorable else {}
        return score | broken

    channels = setup.experiment.notify if team.is_first else {}
    with Courier(channels, run.path.name, seed=setup.seed) as courier:
        return train(
            setup,
            run,
            base,
            on_step=on_step,
            on_evaluate=on_evaluate,
            on_firings=telling(phase, courier),
            team=team,
            stop=stop,
        )


def _verdict_on(
    label: str, setup: Setup, run: RunFolder, model: PreTrainedModel, progress: Progress
) -> dict[str, Any]:
    """Evaluate on the held-out split, once: a result that is on file stands."""
    results = run.results()
    if label not in results:
        section = setup.experiment.evaluation
        run.enter(label)
        with progress.phase(f"evaluating {label}"):
            found = evaluate(
                setup.engine,
                policies_of(setup, model),
                setup.scorer,
                setup.tasks["test"],
                seed=setup.seed,
                pass_at=section.pass_at,
                samples=section.samples_per_task,
                temperature=section.temperature,
                fields=field_rule(setup.experiment),
            )
        run.append_episodes(scored_episodes(found.greedy, setup.reward), phase=label)
        run.append_tally(tally(found.sampled), phase=SAMPLES[label])
        mark = {"chaos": run.chaos()} if run.chaos() else {}
        results[label] = found.result.as_json() | mark
        write_json(run.evaluation, results)
    return dict(results[label])


def policies_of(setup: Setup, model: PreTrainedModel) -> PolicyAt:
    """The model as a policy at any temperature."""
    frames = call_frames(setup.chat)

    def at(temperature: float) -> TransformersPolicy:
        return TransformersPolicy(
            model,
            end_id=setup.chat.end_id,
            temperature=temperature,
            rollout=setup.experiment.rollout,
            frames=frames,
        )

    return at
