"""`mrlc evaluate` as a user meets it: numbers that agree with the run's, faults with a place."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mrlc.cli import main
from tests.children import loaded
from tests.cli.test_run import SMALL, compiled, run
from tests.conftest import Project

SMALL_RUN = [
    *SMALL,
    "algorithm.steps=2",
    "algorithm.checkpoint_every=1",
    "evaluation.pass_at=[1, 2]",
]

USAGE = {
    "nothing": ([], "give a run"),
    "a rescoring without a plan": (["--rescore", "r"], "--rescore needs --plan"),
    "a rescoring that plays": (
        ["--rescore", "r", "--plan", "p", "--samples", "0"],
        "--rescore plays no episode",
    ),
    "a plan alone": (["--plan", "p"], "--plan goes with --rescore"),
    "a model and a checkpoint": (
        ["p", "--model", "m", "--checkpoint", "base"],
        "--model goes with",
    ),
}


@pytest.mark.parametrize("case", USAGE)
def test_contradicting_arguments_are_a_usage_error(case: str, capsys: Any) -> None:
    arguments, message = USAGE[case]
    assert main(["evaluate", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [["--limit", "0"], ["--samples", "-1"], ["--seed", "x"]], ids=" ".join
)
def test_numbers_that_are_none(option: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "r", *option])
    assert caught.value.code == 2
    assert "expected" in capsys.readouterr().err


def test_a_plan_without_weights_and_no_run(project: Project, capsys: Any) -> None:
    plan = compiled(project)
    assert main(["evaluate", str(plan)]) == 2
    assert "add --model DIR" in capsys.readouterr().err
    assert main(["evaluate", str(project.root / "nowhere")]) == 1
    assert "no such run" in capsys.readouterr().err
    assert main(["evaluate", str(plan), "--model", str(project.root)]) == 1
    errors = capsys.readouterr().err
    assert "no model folder" in errors
    assert "error[MRLC391]" in errors


def evaluated(capsys: Any, *arguments: str | Path) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", *map(str, arguments), "-f", "json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_run_is_evaluated_again_to_the_same_numbers(project: Project, capsys: Any) -> None:
    """One run, for it takes seconds: every way to name weights, and what is kept."""
    plan = compiled(project, *SMALL_RUN)
    assert run(project, plan) == 0
    shown = capsys.readouterr().out
    for word in ("[0.0, 97.5]", "trained against base, 1 task paired", "greedy episodes"):
        assert word in shown
    (folder,) = (project.root / "runs").iterdir()
    own = json.loads((folder / "evaluation.json").read_text())

    both = evaluated(capsys, folder)
    assert [one.pop("name") for one in both["results"]] == ["base", "model"]
    assert both["results"] == [own["base"], own["trained"]]
    (compared,) = both["comparisons"]
    assert (compared["before"], compared["after"], compared["tasks"]) == ("base", "model", 1)
    kept = json.loads((folder / "evaluations" / "test-base-model-s1.json").read_text())
    assert kept["results"][0]["name"] == "base"

    by_plan = evaluated(capsys, plan, "--model", folder / "model")
    by_plan["results"][0].pop("name")
    assert by_plan["results"] == [own["trained"]]

    many = evaluated(
        capsys, folder, "--checkpoint", "1", "--checkpoint", folder / "base",
        "--split", "train", "--limit", "1", "--samples", "0", "--seed", "7",
    )  # fmt: skip
    first, second = many["results"]
    assert (first["name"], second["name"]) == ("step 1", str(folder / "base"))
    assert (first["tasks"], first["pass_at"]) == (1, {})
    asked = {"split": "train", "seed": 7, "limit": 1, "samples": 0, "reference": False}
    assert many["question"] == asked
    assert any(path.name.startswith("train-step1-") for path in (folder / "evaluations").iterdir())

    faults_of_a_run(folder, project, capsys)
    rescoring_a_run(folder, plan, project, capsys)


def faults_of_a_run(folder: Path, project: Project, capsys: Any) -> None:
    assert main(["evaluate", str(folder), "--model", "m"]) == 2
    assert "name the folder by --checkpoint m" in capsys.readouterr().err
    assert main(["evaluate", str(folder), "--checkpoint", "9"]) == 1
    errors = capsys.readouterr().err
    assert "no checkpoint `9`" in errors
    assert "the run has: base, model, 1, 2" in errors
    broken = project.root / "broken"
    shutil.copytree(folder / "model", broken)
    (broken / "model.safetensors").write_text("nothing")
    assert main(["evaluate", str(folder), "--checkpoint", str(broken)]) == 1
    errors = capsys.readouterr().err
    assert "does not load as a causal language model" in errors
    assert "Traceback" not in errors


def rescoring_a_run(folder: Path, plan: Path, project: Project, capsys: Any) -> None:
    arguments = ["evaluate", "--rescore", str(folder), "--plan", str(plan)]
    assert main([*arguments, "-f", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["changed"], record["rankings"]["flipped"]) == (0, 0)
    assert record["episodes"] == 2 * 8 + 2
    (kept,) = (folder / "evaluations").glob("rescored-desk-*.json")
    assert json.loads(kept.read_text()) == record

    other = compiled(project, *SMALL_RUN, "environment.system=Boat desk.")
    assert main(["evaluate", "--rescore", str(folder), "--plan", str(other)]) == 1
    errors = capsys.readouterr().err
    assert "opened with other words" in errors
    assert "error[MRLC390]" in errors
    with (folder / "trajectories.jsonl").open("a") as file:
        file.write("{}\n")
    assert main(["evaluate", "--rescore", str(folder), "--plan", str(folder / "plan")]) == 1
    assert "trajectories.jsonl:19:1" in capsys.readouterr().err


def test_rescoring_loads_no_torch(project: Project) -> None:
    from mrlc.runtime.record import create_run
    from mrlc.runtime.setup import load_plan

    plan = compiled(project)
    folder = create_run(project.root / "runs", plan, load_plan(plan), seed=1)
    folder.trajectories.write_text("")
    modules = loaded("evaluate", "--rescore", folder.path, "--plan", plan)
    assert not modules & {"torch", "transformers", "trl", "numpy"}
    (record,) = folder.evaluations.iterdir()
    assert json.loads(record.read_text())["episodes"] == 0


@pytest.mark.slow
def test_a_checkpoint_with_an_adapter_stands_on_its_base(project: Project, capsys: Any) -> None:
    plan = compiled(project, *SMALL_RUN, "model.lora={rank: 4, alpha: 8}")
    assert run(project, plan) == 0
    (folder,) = (project.root / "runs").iterdir()
    last, model = evaluated(capsys, folder, "--checkpoint", "2", "--checkpoint", "model")["results"]
    assert last | {"name": ""} == model | {"name": ""}
    adapter = folder / "checkpoints" / "checkpoint-2"
    assert main(["evaluate", str(plan), "--model", str(adapter)]) == 1
    assert "an adapter without the model it goes on" in capsys.readouterr().err
