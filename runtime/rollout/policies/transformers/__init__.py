"""Sampling from a transformers model: continuous batching over a cache that is kept.

    rows waiting ─▶ slots ─▶ a pass over prompts, results and guesses ─▶ turns ─▶ tools ─▶ rows waiting

Every episode is a row. Its keys and values stay in a slot from turn to turn, so work grows with
the tokens of an episode and nothing is prefilled again. A pass takes what each row that is ready
has to be fed, without padding: a prompt, a tool's result, the token that it wrote last, and those
guessed to come after it. A row that ends its turn leaves the batch at once, and joins again when
its tool has answered, without anybody waiting for it. What a prompt has in common with any slot,
that of its group or of the system's message, is copied instead of computed.

    policy      the model and how it is sampled
    session     who waits, who writes, who goes into the next pass
    places      which row has which slot, within what memory allows
    slots       the cache: keys and values by slot, and which ids they stand for
    passage     the tokens of a pass, and which rows attend together
    attention   each row's own keys, in the place of the model's attention
    forward     the model over a passage
    drafts      guesses at what comes next, so that a pass may write several tokens
    sampling    one token from each row of logits, by a uniform number of the row's own
"""

from __future__ import annotations

from mrlc.runtime.rollout.policies.transformers.policy import TransformersPolicy

__all__ = ["TransformersPolicy"]
