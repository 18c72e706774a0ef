"""TRL's GRPOTrainer, with an advantage for each token, less arithmetic, and a policy that may lag.

What is put in place of TRL's own, each where TRL has a method for it:

- advantages of shape (B, T) where components pay by turn; TRL's loss takes them, "to support
  subclasses", and shuffling and splitting go by the first axis either way. What TRL logs of
  advantages stays its own;
- log-probabilities, by `scoring`: of trained tokens alone;
- micro-batches, by `micro_batches`: of episodes alike in length;
- with `max_steps_off_policy`, the log-probabilities that the episodes were sampled with, which
  the ratio of the loss is then taken to. Without it the two policies are one and TRL knows.
"""

from __future__ import annotations

from typing import Any

from mrlc.runtime.train.micro_batches import deals_alike, sorted_by_length
from mrlc.runtime.train.scoring import Rows, body_of, scored_log_probs, takes_cache
from mrlc.schemas.algorithm import Algorithm

OFF_POLICY_RATIO = "off_policy_ratio"
"""Mean over trained tokens of how much likelier each is now than when it was sampled."""
TOKEN_MEANS = {
    OFF_POLICY_RATIO,
    "entropy",
    "kl",
    "clip_ratio/low_mean",
    "clip_ratio/high_mean",
    "clip_ratio/region_mean",
    "cispo_clip_ratio",
}
"""Metrics that TRL takes over the tokens of each micro-batch, and then over the micro-batches."""
WHOLE_WEIGHTS = ("NO", "MULTI_CPU", "MULTI_GPU")
"""Ways to distribute that leave each process all weights; a sharded layer runs once a step."""


def trainer_class(algorithm: Algorithm, *, pays_by_turn: bool) -> type[Any]:
    """The trainer; its `rollout_func` holds `token_advantages` of the episodes it gave last."""
    import torch
    from torch.nn.utils.rnn import pad_sequence
    from trl import GRPOTrainer

    class Trainer(GRPOTrainer):  # type: ignore[misc] # trl is untyped
        _buffered_inputs: Any
        """TRL's: the micro-batches of the step."""
        _scored: torch.Tensor
        """(B, T): the trained tokens of the rows at hand."""
        _log_probs: torch.Tensor
        """(B, T): theirs, as they were last computed."""

        def _generate(self, prompts: Any) -> Any:
            generated = super()._generate(prompts)
            masks = [torch.tensor(mask, dtype=torch.bool) for mask in generated[2]]
            scored = pad_sequence(masks, batch_first=True)
            self._scored = scored.to(self.accelerator.device)
            return generated

        def _generate_and_score_completions(self, inputs: Any) -> Any:
            scored = super()._generate_and_score_completions(inputs)
            if pays_by_turn:
                advantages = torch.zeros_like(scored["completion_ids"], dtype=torch.float32)
                for row, values in enumerate(self.rollout_func.token_advantages):
                    advantages[row, : len(values)] = torch.tensor(values, device=advantages.device)
                scored["advantages"] = advantages
            if algorithm.max_steps_off_policy:
                scored["old_per_token_logps"] = scored["sampling_per_token_logps"]
            return scored

        def _prepare_inputs(self, generation_batch: Any) -> Any:
            known = self._buffered_inputs
            inputs = super()._prepare_inputs(generation_batch)
            batches = self._buffered_inputs
            if batches is known or len(batches) == 1 or not self._deals_alike():
                return inputs
            shares_prompts = self._may_share(self.model)
            self._buffered_inputs = sorted_by_length(batches, shares_prompts=shares_prompts)
            return self._buffered_inputs[self._step % self.args.steps_per_generation]

        def _compute_loss(self, model: Any, inputs: Any) -> Any:
            mask = inputs["completion_mask"] * inputs["tool_mask"]
            self._scored = mask.bool()
            loss = super()._compute_loss(model, inputs)
            if algorithm.max_steps_off_policy:
                ratio = torch.exp(self._log_probs - inputs["old_per_token_logps"])
                mean = self._mean_over_tokens(ratio * mask, mask)
                self._metrics["train"][OFF_POLICY_RATIO].append(mean)
            self._weigh_metrics(mask, inputs["num_items_in_batch"])
            return loss

        def _get_per_token_logps_and_entropies(
            self,
            model: Any,
            input_ids: Any,
            attention_mask: Any,
            logits_to_keep: int,
            batch_size: int | None = None,
            compute_entropy: bool = False,
            compute_aux_loss: bool = False,
            **images: Any,
        ) -> Any:
            if compute_aux_loss or any(value is not None for value in images.values()):
                found = super()._get_per_token_logps_and_entropies(
                    model,
                    input_ids,
                    attention_mask,
                    logits_to_keep,
                    batch_size,
                    compute_entropy,
                    compute_aux_loss,
                    **images,
                )
                self._log_probs = found[0].detach()
                return found
            width = input_ids.size(1) - logits_to_keep
            whole = (
                input_ids[:, :width],
                attention_mask[:, :width],
                input_ids[:, width:],
                self._scored,
            )
            parts = zip(*(x.split(batch_size or len(x)) for x in whole), strict=True)
            with self.accelerator.autocast():
                scores = [self._score(model, Rows(*part)) for part in parts]
            log_probs = torch.cat([one for one, _ in scores])
            self._log_probs = log_probs.detach()
            entropies = torch.cat([one for _, one in scores]) if compute_entropy else None
            return log_probs, entropies, None

        def _score(self, model: Any, rows: Rows) -> Any:
            body = body_of(self.accelerator.unwrap_model(model))
            return scored_log_probs(model, body, rows, may_share=self._may_share(model))

        def _may_share(self, model: Any) -> bool:
            distributed = self.accelerator.distributed_type
            body = body_of(self.accelerator.unwrap_model(model))
            return distributed in WHOLE_WEIGHTS and takes_cache(body)

        def _deals_alike(self) -> bool:
            has_means = self._entropy_bonus_enabled or self.aux_loss_enabled
            return deals_alike(self.loss_type, has_means=has_means)

        def _mean_over_tokens(self, masked: Any, mask: Any) -> float:
            sums = torch.stack([masked.sum(), mask.sum().float()])
            total, count = self.accelerator.reduce(sums, reduction="sum").tolist()
            return float(total / max(count, 1.0))

        def _weigh_metrics(self, mask: Any, tokens: Any) -> None:
            """Make means over tokens those of the step, though micro-batches differ in tokens."""
            batches = self.args.steps_per_generation
            if batches == 1:
                return
            here = self.accelerator.reduce(mask.sum(), reduction="sum")
            weight = batches * float(here) / max(float(tokens), 1.0)
            for name in TOKEN_MEANS & self._metrics["train"].keys():
                self._metrics["train"][name][-1] *= weight

    return Trainer
