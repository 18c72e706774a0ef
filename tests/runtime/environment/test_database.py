"""The script of a database comes to an end, or is a fault of the spec."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mrlc.runtime.environment import database
from mrlc.runtime.environment.database import Database
from mrlc.runtime.errors import PlanFault

ENDLESS = "CREATE TABLE t AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT 1 FROM c) SELECT sum(x) FROM c"


def test_a_script_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SEED_S", 0.2)
    script = tmp_path / "shop.sql"
    script.write_text(ENDLESS)
    with pytest.raises(
        PlanFault, match=r"shop.sql cannot be run: it took longer than 0.2 s"
    ) as found:
        Database.load(script, path="environment.state.shop.sqlite")
    assert found.value.path == "environment.state.shop.sqlite"


def test_the_limit_is_of_the_script_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "SEED_S", 0.2)
    script = tmp_path / "shop.sql"
    script.write_text("CREATE TABLE t AS SELECT 1 AS x")
    loaded = Database.load(script, path="p")
    time.sleep(0.3)
    count = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 50000) SELECT max(x) FROM c"
    assert loaded._template.execute(count).fetchone() == (50000,)
