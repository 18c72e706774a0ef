"""Thousands of hostile strings through every tier: none crashes us, and nothing leaks."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import string
from collections.abc import Iterator
from typing import Any

import pytest

from mrlc.runtime.environment import Environment
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.rollout.trajectory import ToolCall
from mrlc.runtime.sandbox.tiers import open_engine
from mrlc.schemas.execute import Execute
from tests.runtime.environment.conftest import TASK, experiment

from .attacks import ARITHMETIC, PYTHON, SHELL
from .conftest import end_all, traces

SQL = [
    "SELECT * FROM stock", "DROP TABLE stock", "ATTACH 'x' AS y", "VACUUM", "BEGIN", "ROLLBACK", "DELETE FROM stock",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c",
    "INSERT INTO stock SELECT hex(zeroblob(40000)), 1 FROM stock a, stock b", "' OR 1=1 --", "; DROP TABLE x",
]  # fmt: skip
PIECES = [
    "while True: ", "for i in range(10**9): ", "print('x' * 10**6)", "(", "[" * 50, "{", "lambda: ", "9**9**9", "'",
    '"""', "\\", "\n", "\t", "\0", "\ud800", "🦆", "\u202e", "import os", ":(){ :|:& };:", "<tool_call>", "</final_output>",
    "{{ 7*7 }}", "../" * 20, "$(id)", "`id`", "%n%s", "1" * 3000, "try:\n pass\nexcept: ", "def f(): return f()\nf()",
]  # fmt: skip
CALLS = 2500
"""Of each language; a tenth of them run into a time limit."""


def hostile(generator: random.Random, known: list[str]) -> str:
    """An attack as it is, cut, doubled or mixed, or noise."""
    kind = generator.random()
    if kind < 0.15:
        return generator.choice(known)
    if kind < 0.3:
        code = generator.choice(known)
        return code[: generator.randrange(len(code) + 1)]
    if kind < 0.45:
        return "\n".join(generator.sample(known, 2))
    if kind < 0.9:
        return "".join(generator.choices(PIECES, k=generator.randrange(1, 8)))
    return "".join(generator.choices(string.printable, k=generator.randrange(200)))


def tools() -> Iterator[tuple[dict[str, Any], list[str]]]:
    """A tool for each tier that holds here, and its attacks."""
    limits = {"timeout_s": 0.15, "memory_mb": 32, "output_bytes": 1000}
    python, shell = [one.code for one in PYTHON], [one.code for one in SHELL]
    for language, isolation, known in (
        ("python", "interpreter", python),
        ("python", "process", python),
        ("shell", "process", shell),
        ("shell", "namespaces", shell),
        ("arithmetic", "auto", ARITHMETIC),
        ("sql", "auto", SQL),
    ):
        declared = {"language": language, "isolation": isolation, **limits}
        declared |= {"state": "desk"} if language == "sql" else {}
        try:
            if language != "sql":
                open_engine(Execute.model_validate(declared), path="x")
        except PlanFault:
            continue
        parameters = {"code": {"type": "string"}}
        yield (
            {"name": f"{language}_{isolation}", "parameters": parameters, "execute": declared},
            known,
        )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thousands_of_hostile_calls(tmp_path: Any) -> None:
    (tmp_path / "desk.sql").write_text("CREATE TABLE stock (item TEXT, n INTEGER);")
    found = list(tools())
    spec = {"tools": [tool for tool, _ in found], "state": {"desk": {"sqlite": "desk.sql"}}}
    environment = Environment.load(experiment(spec), tmp_path)
    end_all()
    before = traces()
    generator = random.Random(4)

    async def episode(seed: int, name: str, codes: list[Any]) -> None:
        async with environment.open(TASK, seed=seed) as opened:
            for code in codes:
                result = await opened.call(ToolCall(name, {"code": code}))
                result.text.encode()
                assert "GOT IN" not in result.text
                assert len(result.text) < 20_000
            opened_databases.extend(opened._scope.state.values())

    opened_databases: list[sqlite3.Connection] = []

    async def run() -> None:
        for tool, known in found:
            count = CALLS if tool["execute"]["isolation"] != "namespaces" else CALLS // 5
            codes = [hostile(generator, known) for _ in range(count)]
            await asyncio.gather(
                *(episode(i, tool["name"], codes[i :: count // 10]) for i in range(count // 10))
            )

    asyncio.run(run())
    end_all()
    after = traces()
    assert after[0] == before[0], "processes"
    assert after[1] <= before[1] + 1, "open files"
    assert after[2] == before[2], "folders"
    assert after[3] <= before[3], "threads"
    for connection in opened_databases:
        with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
            connection.execute("SELECT 1")
    assert not os.path.exists("/tmp/mrlc-attack")
