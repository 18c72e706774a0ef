"""State that no tool touches."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Subject, rule

SHOP = "    shop: {sqlite: shop.sql}\n"


@rule(
    "MRLC513",
    "unused-state",
    severity="warning",
    bad=(Edit(SHOP, SHOP + "    stock: {sqlite: shop.sql}\n"),),
    good=(
        Edit(SHOP, SHOP + "    stock: {sqlite: shop.sql}\n"),
        Edit("sql: {state: shop,", "sql: {state: stock,"),
        Edit(
            "  answer:\n",
            '    - name: clear\n      sql: {state: shop, write: "DELETE FROM visits"}\n  answer:\n',
        ),
    ),
)
def state_is_used(subject: Subject) -> Iterator[Finding]:
    """A state is built for every episode, and no tool uses it.

    It costs time in each episode, and mostly means that a tool reads another state than was
    meant.

    Name it under the `state` of a tool or a probe, or remove it. A spec with `python` tools is not
    looked at, as their code may open any state.
    """
    environment = subject.experiment.environment
    tools = [tool for _, tool in environment.every_tool()]
    if any(tool.python for tool in tools):
        return
    used = {tool.sql.state for tool in tools if tool.sql}
    used |= {tool.file.state for tool in tools if tool.file}
    used |= {tool.execute.state or "" for tool in tools if tool.execute}
    for name in environment.state:
        if name not in used:
            path = f"environment.state.{name}"
            message = f"no tool uses the state `{name}`"
            yield Finding(path, message, at=subject.name(path))
