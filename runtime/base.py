"""The base model: what training starts from, worked out once and kept for the next who asks.

`mrlc gate` makes it under `runs/.base/<key>`; a run takes it from there or makes its own, and ends
in the same bytes either way. The key digests all that the weights depend on: the parts of the plan
that shape it, the seed, the threads and the versions of what computes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.runtime.model.load import load_pretrained
from mrlc.runtime.progress import Progress
from mrlc.runtime.record import RunFolder
from mrlc.runtime.setup import Setup
from mrlc.runtime.stopping import NEVER, Stop

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CACHE = ".base"
"""Beside the runs."""
SHAPED_BY = ("model", "warm_start", "environment", "data.train")
"""Parts of the plan: the texts of environment and tasks train the built-in tokenizer."""
_COMPUTED_BY = ("torch", "transformers", "trl", "accelerate", "tokenizers")


def base_model(
    setup: Setup, run: RunFolder, progress: Progress, *, stop: Stop = NEVER
) -> PreTrainedModel:
    """The model that training starts from, always as read from disk, resumed or not."""
    if not run.base.exists():
        kept = run.path.parent / CACHE / base_key(setup) / "base"
        if kept.is_dir():
            _copy(kept, run.base)
        else:
            _make(setup, run, progress, stop)
    shutil.rmtree(run.warm_start, ignore_errors=True)
    return load(setup, run.base)


def kept_base(setup: Setup, runs: Path, progress: Progress) -> PreTrainedModel:
    """The base model from the cache, put there first where it is not."""
    place = RunFolder(runs / CACHE / base_key(setup))
    place.path.mkdir(parents=True, exist_ok=True)
    if not place.base.exists():
        _make(setup, place, progress, NEVER)
        for log in place.path.glob("*.jsonl"):
            log.unlink()
    shutil.rmtree(place.warm_start, ignore_errors=True)
    return load(setup, place.base)


def base_key(setup: Setup) -> str:
    """Names all that the weights depend on."""
    import torch

    parts = setup.plan.digests.sections
    given = {
        "parts": {name: parts[name] for name in SHAPED_BY},
        "seed": setup.seed,
        "threads": setup.experiment.target.local.threads or torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "versions": {name: version(name) for name in _COMPUTED_BY},
    }
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]


def load(setup: Setup, folder: Path) -> PreTrainedModel:
    """A saved model, on the device that will run it."""
    import torch

    model = load_pretrained(setup.experiment.model, folder).model
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def save(setup: Setup, model: PreTrainedModel, folder: Path) -> None:
    """Save weights and tokenizer so that the folder appears whole."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    model.save_pretrained(partial)
    setup.base.tokenizer.save_pretrained(partial)
    partial.rename(folder)


def _make(setup: Setup, run: RunFolder, progress: Progress, stop: Stop) -> None:
    from mrlc.runtime.train.warm_start import warm_start

    model = setup.base.model
    if setup.experiment.warm_start is not None:
        with progress.phase("warm start") as phase:
            model = warm_start(setup, run, phase.step, stop=stop)
    save(setup, model, run.base)


def _copy(kept: Path, folder: Path) -> None:
    """A copy of its own, which appears whole: a run's files are never shared with another's."""
    partial = folder.with_name(f".{folder.name}.partial.{os.getpid()}")
    shutil.copytree(kept, partial)
    partial.rename(folder)
