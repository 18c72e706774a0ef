"""TRL's GRPOTrainer with an advantage for each token instead of one for each episode.

TRL makes advantages of shape (B,) from the totals. Its loss takes (B, T) as well, "to support
subclasses"; shuffling and splitting into micro-batches go by the first axis either way. So the
one thing done here is to put ours in place of TRL's. What TRL logs of advantages stays its own.
"""

from __future__ import annotations

from typing import Any


def turn_trainer_class() -> type[Any]:
    """The trainer; its `rollout_func` holds `token_advantages` of the episodes it gave last."""
    import torch
    from trl import GRPOTrainer

    class TurnTrainer(GRPOTrainer):  # type: ignore[misc] # trl is untyped
        def _generate_and_score_completions(self, inputs: Any) -> Any:
            scored = super()._generate_and_score_completions(inputs)
            advantages = torch.zeros_like(scored["completion_ids"], dtype=torch.float32)
            for row, values in enumerate(self.rollout_func.token_advantages):
                advantages[row, : len(values)] = torch.tensor(values, device=advantages.device)
            scored["advantages"] = advantages
            return scored

    return TurnTrainer
