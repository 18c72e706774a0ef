"""Episodes of later steps, played while the trainer optimises.

With a lead of L, the episodes of step k are sampled from the weights after step k - 1 - L (the
first weights, where there are none yet): exactly, whatever was faster, so that a seed gives the
same bytes. Counted from 0, as here: step s plays with version max(0, s - L).

One thread plays, one step after the other, with a model of its own into which it copies the
version it was given. A checkpoint keeps the steps that were already played, as the weights that
they were sampled from are gone when a run is resumed.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mrlc.runtime.train.checkpoints import checkpoint_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, TrainerCallback

Played = TypeVar("Played")
KEPT = "ahead.pickle"
"""In a checkpoint, beside the random states that torch pickles there."""


class Lead(Generic[Played]):
    """The steps that are being played, and those that were and wait for the trainer."""

    def __init__(
        self,
        lead: int,
        steps: int,
        model: PreTrainedModel,
        play: Callable[[int, PreTrainedModel], Played],
        deal: Callable[[Sequence[Played], int, int], Played],
    ) -> None:
        """`play` plays a step with a model; `model` is the trainer's, before it is wrapped.

        `deal` gives one of so many processes its share of a step, of which each of perhaps another
        number of processes played a part.
        """
        self._lead = lead
        self._steps = steps
        self._model = sampling_copy(model)
        self._play = play
        self._deal = deal
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mrlc-lead")
        self._ahead: dict[int, Future[Played]] = {}

    def take(self, step: int, trainer: Any) -> Played:
        """What was played for a step; begins what the weights of this step are for."""
        if step and not self._ahead:
            self._restore(step, trainer)
        last = min(step + self._lead, self._steps - 1)
        later = [number for number in range(step, last + 1) if number not in self._ahead]
        if later:
            weights = trained_weights(trainer.accelerator.unwrap_model(trainer.model_wrapped))
            for number in later:
                self._ahead[number] = self._begin(number, weights)
        return self._ahead.pop(step).result()

    def rest(self) -> None:
        """Wait until nothing is being played."""
        for future in self._ahead.values():
            future.exception()

    def close(self) -> None:
        """Play nothing more."""
        self._thread.shutdown(cancel_futures=True)

    def callback(self) -> TrainerCallback:
        """A callback that keeps in each checkpoint what was played ahead of it."""
        from accelerate.utils import gather_object
        from transformers import TrainerCallback

        class KeepAhead(TrainerCallback):  # type: ignore[misc] # transformers is untyped
            def on_save(callback, args: Any, state: Any, control: Any, **_: Any) -> None:
                mine = {step: future.result() for step, future in self._ahead.items()}
                everyone = gather_object([mine])  # hosts share no disk: the first keeps for all
                if state.is_world_process_zero:
                    folder = checkpoint_of(Path(args.output_dir), state.global_step)
                    (folder / KEPT).write_bytes(pickle.dumps(everyone))

        return KeepAhead()

    def _begin(self, step: int, weights: dict[str, torch.Tensor]) -> Future[Played]:
        import torch

        threads = torch.get_num_threads()

        def play() -> Played:
            torch.set_num_threads(threads)  # a new thread starts with the machine's number
            with torch.no_grad():
                for name, value in self._model.named_parameters():
                    if name in weights:
                        value.copy_(weights[name])
            return self._play(step, self._model)

        return self._thread.submit(play)

    def _restore(self, step: int, trainer: Any) -> None:
        kept = checkpoint_of(Path(trainer.args.output_dir), step) / KEPT
        everyone: list[dict[int, Played]] = pickle.loads(kept.read_bytes())
        process, processes = trainer.accelerator.process_index, trainer.accelerator.num_processes
        for number in everyone[0]:
            parts = [played[number] for played in everyone]
            self._ahead[number] = Future()
            self._ahead[number].set_result(self._deal(parts, process, processes))


def kept_ahead(checkpoint: Path) -> list[Any]:
    """What was played ahead of a checkpoint, of all trainers: a `Played` a step and trainer."""
    kept = checkpoint / KEPT
    everyone = pickle.loads(kept.read_bytes()) if kept.exists() else []
    return [played for mine in everyone for played in mine.values()]


def sampling_copy(model: PreTrainedModel) -> PreTrainedModel:
    """A copy that shares nothing, and learns nothing."""
    return own_copy(model).requires_grad_(False)


def own_copy(model: PreTrainedModel) -> PreTrainedModel:
    """A copy that shares nothing; TRL's new `forward`, which the model itself holds, left out.

    That forward would call the one of the original, and with the original's weights.
    """
    made = copy.deepcopy(model)
    for module in made.modules():
        module.__dict__.pop("forward", None)
    return made


def trained_weights(model: Any) -> dict[str, torch.Tensor]:
    """The weights that training changes, as they are now."""
    return {
        name: value.detach().clone()
        for name, value in model.named_parameters()
        if value.requires_grad
    }
