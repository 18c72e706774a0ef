"""Recorded results fit what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler import tokens
from mrlc.compiler.recorded import longest
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule

TURNS = "turns: {human: 2}"
LONG = Edit("2,J2,0\n", f"2,{'J2 waits for a part from the maker; ' * 15},0\n", "specs/bikes.csv")


@rule(
    "MRLC517",
    "results-cut",
    severity="warning",
    bad=(LONG, Edit(TURNS, "turns: {human: 2, max_tokens: 128}")),
    good=(LONG, Edit(TURNS, "turns: {human: 2, max_tokens: 128, tool_result_tokens: 160}")),
)
def recorded_results_are_kept_whole(subject: Subject) -> Iterator[Finding]:
    """A recorded result is longer than the tokens that are kept of it.

    What is cut away is what the model never sees: where the needed field stands at the end, the
    task cannot be solved, and looks as if the model were at fault.

    Raise `turns.tool_result_tokens`, or return fewer columns. The length is estimated at four
    bytes a token.
    """
    kept = subject.experiment.turns.tool_result_tokens
    for at, tool in subject.experiment.environment.every_tool():
        if tool.replay is None:
            continue
        found = longest(subject, tool, tool.replay)
        if found is not None and (size := tokens.about(found.text)) > kept:
            path = f"{at}.replay.table"
            message = f"a result of `{tool.name}` takes about {size} tokens; {kept} are kept"
            labels = (Label(found.row.span, "the longest row"),)
            help = f"raise `turns.tool_result_tokens` to {size}, or return fewer columns"
            yield Finding(path, message, "", labels, help)
