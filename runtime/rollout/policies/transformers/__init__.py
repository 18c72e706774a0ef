"""Sampling from a transformers model: continuous batching over a cache that is kept.

    rows waiting ─▶ admission ─▶ prefill of what is new ─▶ a token or more a row a tick ─▶ turns

Every episode is a row. Its keys and values stay in a slot from turn to turn, so work grows with
the tokens of an episode and nothing is prefilled again. A tick feeds one token of each row that is
writing, and those guessed to come after it. A row that ends its turn leaves the batch at once, and
joins again when its tool has answered, without anybody waiting for it. What a prompt has in common
with any slot, that of its group or of the system's message, is copied instead of computed.

    policy      the model and how it is sampled
    session     who waits, who writes, when the waiting are admitted
    slots       the cache: keys and values by slot, and which ids they stand for
    forward     a ragged chunk through the model
    drafts      guesses at what comes next, so that a pass may write several tokens
    sampling    one token from each row of logits, by a uniform number of the row's own
"""

from __future__ import annotations

from mrlc.runtime.rollout.policies.transformers.policy import TransformersPolicy

__all__ = ["TransformersPolicy"]
