"""T5: the context grows by every turn and every tool result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from mrlc.compiler import tokens
from mrlc.compiler.expression import has_template
from mrlc.compiler.openings import longest_opening, shown
from mrlc.compiler.recorded import longest
from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.subject import SPLITS
from mrlc.schemas.model import Tiny
from mrlc.schemas.tools import Tool
from mrlc.schemas.turns import Turns
from mrlc.schemas.user import User

MARKUP = 4
"""Tokens that a chat template surely puts around a message: begin, role, line break, end."""


READS = (
    Edit(
        "  answer:\n",
        '    - name: visits\n      sql: {state: shop, read: "SELECT day FROM visits"}\n  answer:\n',
    ),
)


class Budget(NamedTuple):
    """The tokens of the longest episode that a spec allows."""

    prompt: int
    """The longest opening: at least so many."""
    longest: int
    """The same, at most."""
    turns: int
    turn: int
    """What the model may write in one turn, and the markup around it."""
    result: int
    """The longest tool result that can surely come, and the markup around it; 0 without tools."""
    open: int
    """The same, where what only a run knows is as long as what is kept of it."""
    kept: int
    """What is kept of a result, whatever it is, and the markup around it; 0 without tools."""

    @property
    def total(self) -> int:
        """All turns full, and one result after each turn but the last."""
        return self.prompt + self.turns * self.turn + (self.turns - 1) * self.result

    @property
    def possible(self) -> int:
        """The same, with results of tools that run code or read a database."""
        return self.total + (self.turns - 1) * (self.open - self.result)


@rule(
    "MRLC501",
    "context-exceeded",
    bad=(Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 512}"),),
    good=(Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 256}"),),
)
def token_budget(subject: Subject) -> Iterator[Finding]:
    """The turns and tokens that an episode is promised do not fit the model's context.

    Everything stays in the context: the prompt, each turn, each tool result. Where the budgets
    add up to more than the model can read, the long episodes, which are those that explore,
    are cut and earn nothing, and training teaches the model to stop early.

    Write budgets for which prompt + max_turns × max_tokens + (max_turns − 1) ×
    tool_result_tokens is at most the context. The help line names the largest value that fits
    for certain.
    """
    context = _context(subject)
    found = budget(subject)
    if context is not None and found.total > context:
        yield _exceeded(subject, found, context, total=found.total, result=found.result)


@rule(
    "MRLC531",
    "context-may-overflow",
    severity="warning",
    bad=(*READS, Edit("turns: {human: 2}", "turns: {human: 2, tool_result_tokens: 200}")),
    good=(*READS, Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 128}")),
)
def open_results_fit(subject: Subject) -> Iterator[Finding]:
    """Results of a tool that runs code or reads a database may overflow the model's context.

    How long they are, only a run knows. If they are as long as `tool_result_tokens` lets them
    be, long episodes are cut and earn nothing.

    Lower `tool_result_tokens` to what the tool really returns, or the turns.
    """
    context = _context(subject)
    found = budget(subject)
    if context is not None and found.total <= context < found.possible:
        yield _exceeded(subject, found, context, total=found.possible, result=found.open)


def _exceeded(subject: Subject, found: Budget, context: int, *, total: int, result: int) -> Finding:
    turns = subject.experiment.turns
    path = next(name for name in ("max_tokens", "max_turns", "human") if _is_set(turns, name))
    message = f"an episode may take {total} tokens, but the model reads {context}"
    label = (
        f"prompt ≥ {found.prompt}, {found.turns} turns of {found.turn}, "
        f"{found.turns - 1} results of {result}"
    )
    labels = (Label(subject.value("model.tiny.context"), f"the context is {context} tokens"),)
    return Finding(f"turns.{path}", message, label, labels, _legal(found, context))


def budget(subject: Subject) -> Budget:
    """The budget of a spec; also what `mrlc plan` compares."""
    experiment = subject.experiment
    is_tiny = experiment.model.base == "tiny"
    least, most = (_tools(subject, is_tiny=is_tiny, is_longest=one) for one in (False, True))
    texts = [longest_opening(shown(subject, split)) for split in SPLITS]
    turns = experiment.turns
    tools = [tool for _, tool in experiment.environment.every_tool()]
    kept = turns.tool_result_tokens
    return Budget(
        prompt=max(tokens.at_least(least + text, is_tiny=is_tiny) for text in texts) + 2 * MARKUP,
        longest=max(tokens.at_most(most + text) for text in texts) + 4 * MARKUP,
        turns=turns.limit,
        turn=turns.max_tokens + MARKUP,
        result=max(_heard(subject, unknown=0), default=0),
        open=max(_heard(subject, unknown=kept), default=0),
        kept=kept + MARKUP if tools or experiment.environment.user else 0,
    )


def _heard(subject: Subject, *, unknown: int) -> Iterator[int]:
    """Tokens of what may follow a turn, results and replies, with the markup around each."""
    experiment = subject.experiment
    for _, tool in experiment.environment.every_tool():
        yield _result(subject, tool, unknown=unknown) + MARKUP
    user = experiment.environment.user
    if user is not None:
        yield _reply(user, kept=experiment.turns.tool_result_tokens, unknown=unknown) + MARKUP


def _reply(user: User, *, kept: int, unknown: int) -> int:
    """Tokens of a user's longest reply, at least; `unknown` of what only a run knows."""
    if user.script is None or any(has_template(line) for line in user.script):
        return unknown
    return min(kept, max(len(line.split()) for line in user.script))


def _result(subject: Subject, tool: Tool, *, unknown: int) -> int:
    """Tokens of a tool's longest result, at least; `unknown` of what only a run knows."""
    kept = subject.experiment.turns.tool_result_tokens
    if tool.sql is not None and tool.sql.write is not None:
        return min(kept, 5)  # {"rows": 1}
    if tool.reply is not None:
        text = tool.reply if isinstance(tool.reply, str) else json.dumps(tool.reply)
        is_tiny = subject.experiment.model.base == "tiny"
        return min(kept, tokens.at_least(text, is_tiny=is_tiny))
    if tool.replay is None:
        return unknown
    found = longest(subject, tool, tool.replay)
    is_tiny = subject.experiment.model.base == "tiny"
    return min(kept, tokens.at_least(found.text, is_tiny=is_tiny)) if found else 0


def _tools(subject: Subject, *, is_tiny: bool, is_longest: bool) -> str:
    """The tools that an episode is shown, with the shortest distractors or with the longest."""
    environment = subject.experiment.environment
    written = [_written(tool, is_tiny=is_tiny) for tool in environment.tools]
    if (distractors := environment.distractors) is not None:
        stock = (_written(tool, is_tiny=is_tiny) for tool in distractors.tools)
        written += sorted(stock, key=len, reverse=is_longest)[: distractors.per_episode]
    return (", " if is_tiny else "\n").join(written)


def _written(tool: Tool, *, is_tiny: bool) -> str:
    """A tool as the built-in template writes it, else as JSON."""
    if is_tiny:
        return f"{tool.name}({', '.join(tool.parameters)})"
    return json.dumps(tool.json_schema)


def _context(subject: Subject) -> int | None:
    """Tokens that the model reads; None where only the network knows."""
    model = subject.experiment.model
    if model.base == "tiny":
        return (model.tiny or Tiny()).context
    file = subject.files.get(f"{model.base.removeprefix('./')}/config.json")
    try:
        config = json.loads(file.text) if model.is_folder and file else None
    except (ValueError, RecursionError):
        return None  # the run says what is wrong with the model
    size = config.get("max_position_embeddings") if isinstance(config, dict) else None
    return size if isinstance(size, int) and not isinstance(size, bool) else None


def _is_set(turns: Turns, name: str) -> bool:
    return name in turns.model_fields_set


def _legal(found: Budget, context: int) -> str:
    """The largest budget that fits whatever the tokenizer makes of the prompt."""
    room = context - found.longest
    turn = (room - (found.turns - 1) * found.kept) // found.turns - MARKUP
    if turn >= 1:
        return f"`max_tokens: {turn}` is the largest that fits for certain"
    turns = (room + found.kept) // (found.turn + found.kept)
    if turns >= 1:
        return f"`max_turns: {turns}` is the largest that fits for certain"
    return "the prompt leaves no room: shorten it, or take a model of longer context"
