"""Formulas of tools: they can be read, and every name, function and tool in them exists."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.formulas import Written, formulas, spot
from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.compiler.suggest import did_you_mean, nearest
from mrlc.schemas.formula import (
    FUNCTIONS,
    OF_A_TOOL,
    OF_THE_EPISODE,
    RESERVED,
    BadFormula,
    Call,
    Chain,
    parse_formula,
)

BOOK = "    - name: book\n"
ANSWER = "  answer:\n"
ROOM = Edit("turns: {human: 2}", "turns: {human: 2, max_tokens: 128}")
"""For results whose length only a run knows."""


def _fee(formula: str) -> Edit:
    """A tool that computes a fee, after those of the project."""
    text = f"""\
    - name: fee
      parameters:
        days: {{type: integer}}
      compute:
        returns: {{fee: "{formula}"}}
"""
    return Edit(ANSWER, text + ANSWER)


def _guard(formula: str) -> Edit:
    guard = f'      guards: [{{unless: "{formula}", reply: {{error: find the bike first}}}}]\n'
    return Edit(BOOK, BOOK + guard)


@rule(
    "MRLC344",
    "bad-formula",
    bad=(
        ROOM,
        _fee("days ** 2"),
    ),
    good=(
        ROOM,
        _fee("days * days"),
    ),
)
def formulas_can_be_read(subject: Subject) -> Iterator[Finding]:
    """A formula of a tool is not one of the formula language.

    Formulas combine names, literals, arithmetic, comparisons and a few functions. They cannot loop,
    raise to a power or reach into Python, so that their cost is bounded whatever the model sends.

    Write it with what there is, or make the tool a `python` one. An argument that is named as a word
    of Python is written `args['from']`.
    """
    for one in formulas(subject):
        try:
            parse_formula(one.source)
        except BadFormula as error:
            yield Finding(one.path, error.message, at=spot(subject, one.path, error.at))


@rule(
    "MRLC341",
    "unknown-in-formula",
    bad=(
        ROOM,
        _fee("dys * 3"),
    ),
    good=(
        ROOM,
        _fee("days * 3"),
    ),
)
def names_exist(subject: Subject) -> Iterator[Finding]:
    """A formula uses a name that is neither an argument of its tool nor computed before it.

    Every call of the tool would be refused, in the middle of a run.

    Correct the name. A formula knows the tool's arguments, `args`, `task` and, in `compute`, what the
    table decided and the results above it.
    """
    for one in formulas(subject):
        if (parsed := one.parsed) is None:
            continue
        for used in parsed.names:
            if used.name not in one.names:
                help = _instead(one, used.name)
                at = spot(subject, one.path, used.at)
                yield Finding(one.path, f"unknown name `{used.name}`", help=help, at=at)
        for chain in parsed.chains:
            yield from _keys(subject, one, chain)


def _instead(one: Written, name: str) -> str | None:
    if name in FUNCTIONS or name in OF_THE_EPISODE:
        return f"`{name}` is a function: call it"
    return did_you_mean(name, one.names - RESERVED) or did_you_mean(name, one.names)


def _keys(subject: Subject, one: Written, chain: Chain) -> Iterator[Finding]:
    """`args.x` and `task.x` name an argument and a column."""
    if len(chain.names) < 2 or chain.names[0] not in ("args", "task"):
        return
    first, key = chain.names[:2]
    known = set(one.tool.parameters)
    if first == "task":
        known = {name for _, table in subject.splits() for name in table.columns}
    if key not in known:
        help = f"did you mean `{first}.{near}`?" if (near := nearest(key, known)) else None
        what = "argument of the tool" if first == "args" else "column of the data"
        at = spot(subject, one.path, chain.at)
        yield Finding(one.path, f"`{key}` is no {what}", help=help, at=at)


@rule(
    "MRLC342",
    "unknown-function",
    bad=(
        ROOM,
        _fee("rond(days / 2)"),
    ),
    good=(
        ROOM,
        _fee("round(days / 2)"),
    ),
)
def functions_exist(subject: Subject) -> Iterator[Finding]:
    """A formula calls a function that there is not, or with too few or too many arguments.

    Every call of the tool would be refused, in the middle of a run. `called`, `calls`, `last` and
    `shown` look at the episode's earlier calls; only guards do that, as what `compute` returns
    depends on the arguments and the task alone.

    Take one of the functions that the help line names.
    """
    for one in formulas(subject):
        for call in one.parsed.calls if one.parsed else ():
            fault = _of_function(call, is_guard=one.is_guard)
            if fault is not None:
                at = spot(subject, one.path, call.function.at)
                yield Finding(one.path, fault[0], help=fault[1], at=at)


def _of_function(call: Call, *, is_guard: bool) -> tuple[str, str | None] | None:
    """What is wrong with a function's use, and what to write."""
    name = call.function.name
    known = {**FUNCTIONS, **(OF_THE_EPISODE if is_guard else {})}
    if name not in known:
        if name in OF_THE_EPISODE:
            return f"`{name}` looks at earlier calls, which only guards do", "write it as a guard"
        near = nearest(name, known)
        help = f"did you mean `{near}`?" if near else f"there is {', '.join(sorted(known))}"
        return f"there is no function `{name}`", help
    least, most = known[name]
    if least <= call.count <= most:
        return None
    wanted = str(least) if least == most else f"{least} to {most}"
    return f"`{name}` takes {wanted} arguments, not {call.count}", None


@rule(
    "MRLC343",
    "unknown-tool",
    bad=(_guard("called('find_bikes')"),),
    good=(_guard("called('find_bike')"),),
)
def tools_of_guards_exist(subject: Subject) -> Iterator[Finding]:
    """A guard asks after the calls of a tool that there is not.

    It would never hold, or always, and nobody would see why.

    Write the name of a tool as a text: `called('find_bike')`.
    """
    names = [tool.name for _, tool in subject.experiment.environment.every_tool()]
    for one in formulas(subject):
        for call in one.parsed.calls if one.parsed else ():
            if call.function.name not in OF_A_TOOL or not call.count:
                continue
            if call.tool is None:
                message = f"`{call.function.name}` takes the name of a tool, written as a text"
                yield Finding(one.path, message, at=spot(subject, one.path, call.function.at))
            elif call.tool.name not in names:
                help = did_you_mean(call.tool.name, names)
                at = spot(subject, one.path, call.tool.at)
                yield Finding(one.path, f"no tool is called `{call.tool.name}`", help=help, at=at)


@rule(
    "MRLC223",
    "reserved-name",
    bad=(
        ROOM,
        _fee("task.id"),
        Edit("        days: {type: integer}\n", "        task: {type: string}\n"),
    ),
    good=(
        ROOM,
        _fee("length(text)"),
        Edit("        days: {type: integer}\n", "        text: {type: string}\n"),
    ),
)
def arguments_have_names_of_their_own(subject: Subject) -> Iterator[Finding]:
    """A tool with formulas has an argument that is called as something every formula knows.

    `task`, `args`, `true`, `false` and `null` would mean two things.

    Rename the parameter; where production has this name, make the tool a `python` one.
    """
    for at, tool in subject.experiment.environment.every_tool():
        for name in tool.parameters if tool.guards or tool.compute else ():
            if name in RESERVED:
                path = f"{at}.parameters.{name}"
                message = f"`{name}` already has a meaning in formulas"
                yield Finding(path, message, at=subject.name(path))
