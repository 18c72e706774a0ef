"""Which weights are meant: a checkpoint of a run by its name, or any model folder.

    base    the model that training started from     10    the checkpoint of step 10
    model   the trained model                        DIR   a folder with weights and tokenizer

A checkpoint of a run with LoRA holds an adapter only; it is laid on the run's base.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mrlc.runtime.errors import PlanBroken, PlanFault
from mrlc.runtime.model.load import FOLDER_HELP
from mrlc.runtime.record import RunFolder
from mrlc.runtime.setup import Setup, prepare
from mrlc.runtime.train.checkpoints import MARKER
from mrlc.schemas import Plan

ADAPTER = "adapter_config.json"


@dataclass(frozen=True)
class Weights:
    """A model on disk."""

    name: str
    """`base`, `model`, `step 10`, or the folder as it was given."""
    folder: Path
    """Weights and tokenizer."""
    adapter: Path | None = None
    """Folder of the adapter that goes on top."""


def of_run(run: RunFolder, name: str) -> Weights:
    """A checkpoint of a run, or a folder.

    Raises:
        PlanBroken: there is none of that name.
    """
    named = {"base": run.base, "model": run.model} | _steps(run)
    if name not in named:
        if Path(name).is_dir():
            return of_folder(Path(name))
        known = ", ".join(key for key, folder in named.items() if folder.is_dir()) or "none yet"
        help = f"the run has: {known}; or give a model folder"
        raise PlanBroken(run.path / "checkpoints", f"no checkpoint `{name}`", help=help)
    folder, shown = named[name], f"step {name}" if name.isdigit() else name
    if not folder.is_dir():
        help = f"the run has not come so far; go on with: mrlc run --resume {run.path}"
        raise PlanBroken(folder, f"no checkpoint `{name}`", help=help)
    if (folder / ADAPTER).is_file():
        return Weights(shown, run.base, adapter=folder)
    return Weights(shown, folder)


def of_folder(folder: Path) -> Weights:
    """A model folder, by the name that it was given.

    Raises:
        PlanBroken: it is none, or holds an adapter without its base.
    """
    help = FOLDER_HELP
    if (folder / ADAPTER).is_file():
        help = "name it as the checkpoint of its run: mrlc evaluate RUN --checkpoint STEP"
        raise PlanBroken(folder / ADAPTER, "an adapter without the model it goes on", help=help)
    if not (folder / "config.json").is_file():
        raise PlanBroken(folder, "no model folder", help=help)
    return Weights(str(folder), folder)


def finished(run: RunFolder) -> list[str]:
    """The names to evaluate where none is given: what the run has of base and trained model."""
    named = (("base", run.base), ("model", run.model))
    return [name for name, folder in named if folder.is_dir()]


def prepare_with(plan: Plan, folder: Path, weights: Weights, *, seed: int) -> Setup:
    """The parts of a run of `plan`, with these weights and their tokenizer for the model.

    Raises:
        PlanBroken: the folder does not load as a model.
        PlanFault: the plan itself has a fault.
    """
    source = str(weights.folder.resolve())
    model = plan.experiment.model.model_copy(update={"base": source, "revision": None})
    experiment = plan.experiment.model_copy(update={"model": model})
    try:
        return prepare(plan.model_copy(update={"experiment": experiment}), folder, seed=seed)
    except PlanFault as fault:
        if fault.path != "model.base":
            raise
        help = fault.help or "evaluate a model with a chat template that keeps its history"
        message = fault.message.replace(f"`{source}`", f"`{weights.name}`")
        raise PlanBroken(weights.folder, message, help=help) from fault


def _steps(run: RunFolder) -> dict[str, Path]:
    """Complete checkpoints by step."""
    folders = {
        int(path.name.rpartition("-")[2]): path
        for path in run.checkpoints.glob("checkpoint-*")
        if (path / MARKER).is_file()
    }
    return {str(step): folders[step] for step in sorted(folders)}
