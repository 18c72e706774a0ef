"""Guesses at what a row writes next, so that one pass of the model writes several tokens.

A row's tokens are drawn by uniform numbers of its own. So a guess changes nothing of what is
written: a pass over guessed tokens gives the distribution after each of them, one token is drawn
from each by its own number, and they stand up to the first that is not what had been guessed. This
is speculative decoding (Leviathan et al. 2023, arXiv:2211.17192), with common random numbers where
it has a rule of acceptance, and what the session wrote before where it has a smaller model.

Tool calls repeat themselves: the same names, braces and quotes, turn after turn and row by row. What
followed the last three tokens is guessed to follow them again, if it did so the last two times.
What nobody has written yet is read from examples (`runtime.rollout.frames`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

ORDER = 3
"""Tokens that a guess is made from."""
SURE = 1
"""Confirmations that a guess needs; numbers and names, which do not repeat, never get there."""
MOST = 3
"""Confirmations that are counted."""
ENTRIES = 1 << 18
"""Contexts that are remembered; then those are forgotten that would not make a guess."""

Context = tuple[int, ...]


class Drafts:
    """What followed each three tokens, and how often in a row."""

    def __init__(self, read: Iterable[Sequence[int]] = ()) -> None:
        """As if `read`, each a sequence of ids, had been written before."""
        self._seen: dict[Context, tuple[int, int]] = {}
        for ids in read:
            for place in range(ORDER, len(ids)):
                self.observe(tuple(ids[place - ORDER : place]), ids[place])

    @classmethod
    def of(cls, table: NDArray[np.int64]) -> Self:
        """With what `table` gave."""
        drafts = cls()
        for *context, token, sure in table.tolist():
            drafts._seen[tuple(context)] = (token, sure)
        return drafts

    def table(self) -> NDArray[np.int64]:
        """All that is remembered, (contexts, `ORDER` + 2): a context, what follows, how surely."""
        rows = [(*context, *known) for context, known in self._seen.items()]
        return np.array(rows, dtype=np.int64).reshape(-1, ORDER + 2)

    def observe(self, context: Context, token: int) -> None:
        """A token was written after `context`, the `ORDER` tokens before it."""
        known, sure = self._seen.get(context, (token, -1))
        if known == token:
            self._seen[context] = (token, min(sure + 1, MOST))
        elif sure:
            self._seen[context] = (known, sure - 1)
        else:
            self._seen[context] = (token, 0)
        if len(self._seen) > ENTRIES:
            self._forget()

    def guess(self, context: Context, most: int, *, end_id: int) -> list[int]:
        """The tokens that are likely to follow, as far as that is clear; nothing after `end_id`."""
        guessed: list[int] = []
        while len(guessed) < most:
            token, sure = self._seen.get(context, (-1, -1))
            if sure < SURE:
                break
            guessed.append(token)
            if token == end_id:
                break
            context = (*context[1:], token)
        return guessed

    def _forget(self) -> None:
        """Keep what makes guesses; where that is most of it, nothing, or it would soon be full again."""
        sure = {context: known for context, known in self._seen.items() if known[1] >= SURE}
        self._seen = sure if len(sure) <= ENTRIES // 2 else {}
