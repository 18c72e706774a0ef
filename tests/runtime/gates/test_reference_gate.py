"""V3: the reference plays the tasks that the base model has played, over real HTTP."""

from __future__ import annotations

import json
from typing import Any

from mrlc.runtime.gates.checks.reference import reference
from mrlc.runtime.gates.gate import INSUFFICIENT
from tests.conftest import Project
from tests.runtime.gates.conftest import MakeCase, solvable
from tests.runtime.server import Reply, says, serving

RIGHT = {"1": {"job": "J1", "days": 3}, "2": {"job": "J2", "days": 0}}


def solver(request: dict[str, Any]) -> Reply:
    """Looks the bike up, then answers with what it was told."""
    last = request["messages"][-1]
    if last["role"] == "user":
        return says("", ("find_bike", {"bike": last["content"].split()[1].rstrip("?")}))
    return says(f"<final_output>{last['content']}</final_output>")


def test_a_better_model_is_seen_to_be_better(project: Project, make_case: MakeCase) -> None:
    solvable(project)
    with serving(says("hm")) as server:
        server.answer = solver
        declared = f'  reference: {{url: "{server.url}", model: big-1, retries: 0}}\n'
        project.edit("specs/desk.yaml", "evaluation:\n", f"evaluation:\n{declared}")
        case = make_case("gates.rollouts=64", "warm_start.steps=1")
        found = reference(case)
    assert found.numbers == {"tasks": 2, "wins": 2, "losses": 0}
    assert found.verdict == INSUFFICIENT  # two tasks decide nothing, and it says so
    assert [json.loads(one.trajectory.turns[-1].text[14:-15]) for one in case.reference] == [
        RIGHT[str(one.trajectory.task.row["bike"])] for one in case.reference
    ]
    kept = list((project.root / "runs/.base/endpoints").rglob("*.json"))
    assert len(kept) == 4  # two questions a task, each asked once
