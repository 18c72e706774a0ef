"""`fuzzy`: the F1 of the words that the value shares with the expected text.

    expected "the front brake", answer "The front brake."         1.0
    expected "the front brake", answer "front brake"              0.8
    expected "the front brake", answer "the rear light"           0.33
    expected "is ready", answer "is not ready"                    0.8     and it says the opposite
    no answer                                                     0.0

Words are runs of letters, digits and `_`, their case folded; a word counts as often as both
have it (SQuAD's measure, arXiv:1606.05250, section 6.1, with articles kept). Texts without a
word compare whole.
"""

from __future__ import annotations

import re
from collections import Counter

from mrlc.runtime.reward.component import COMPONENTS, MISSING, Component, Site, given, text_of
from mrlc.runtime.rollout.trajectory import Trajectory
from mrlc.schemas.components import Fuzzy


@COMPONENTS.register("fuzzy")
def fuzzy(declared: Fuzzy, site: Site) -> Component:
    """For free text; linear in it, unlike an edit distance."""

    def component(trajectory: Trajectory) -> float:
        value = given(trajectory, declared.field)
        if value is MISSING:
            return 0.0
        return f1(text_of(value), text_of(trajectory.task.value(declared.against)))

    return component


def f1(text: str, expected: str) -> float:
    """Twice the shared words over all words of both."""
    left, right = _words(text), _words(expected)
    if not left or not right:
        return float(text == expected)
    return 2 * (left & right).total() / (left.total() + right.total())


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))
