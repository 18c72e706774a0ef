"""Pay of the workshop that is code."""


def short(outcome):
    """For few turns."""
    return 1 / max(1, len(outcome.turns))


def steady(outcome):
    """For each turn, a part, unless a call of it failed."""
    parts = max(1, len(outcome.turns))
    return [0 if any(r.is_error for r in turn.results) else 1 / parts for turn in outcome.turns]


def blunder(outcome):
    """For an answer that is not of its form."""
    return outcome.stop == "invalid_answer"
