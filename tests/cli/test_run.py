"""`mrlc run` as a user meets it: results on stdout, faults located, nothing half-made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from mrlc.cli import main
from mrlc.runtime.model.tiny import TEMPLATE, build_model, build_tokenizer
from mrlc.schemas.model import Tiny
from tests.conftest import Project
from tests.waivers import WAIVED

SMALL = [
    "model.tiny={hidden_size: 32, heads: 2, layers: 1}",
    "warm_start.steps=1",
    "algorithm.steps=1",
    "turns.max_tokens=4",
    "target.local.threads=1",
]


def compiled(project: Project, *overrides: str) -> Path:
    options = [option for one in (*overrides, WAIVED) for option in ("--set", one)]
    assert main(["compile", str(project.spec), "--out", str(project.root / "build"), *options]) == 0
    return project.root / "build" / "desk"


def run(project: Project, *arguments: str | Path) -> int:
    return main(["run", *map(str, arguments), "--runs", str(project.root / "runs")])


def test_json_is_the_last_line_of_stdout_and_progress_goes_to_stderr(
    project: Project, capsys: Any
) -> None:
    plan = compiled(project, *SMALL)
    capsys.readouterr()
    assert run(project, plan, "--seed", "3", "--json") == 0
    output = capsys.readouterr()
    result = json.loads(output.out.splitlines()[-1])
    assert set(result) == {"base", "trained", "steps", "seconds", "run", "stopped_by"}
    assert (result["steps"], Path(result["run"]).is_dir()) == (1, True)
    assert result["stopped_by"] is None
    assert "step 1/1" in output.err


STOP = (
    "alerts={use: [], rules: [{name: never-done, metric: rollout/completion, below: 0.5, "
    "then: [stop], symptom: no episode gets done, first_change: give it demonstrations}]}"
)


def test_a_run_that_an_alert_stops_says_why_and_exits_1(project: Project, capsys: Any) -> None:
    plan = compiled(project, *SMALL, "algorithm.steps=9", STOP)
    capsys.readouterr()
    assert run(project, plan) == 1
    output = capsys.readouterr()
    why = "stopped by alert never-done at step 1: no episode gets done"
    assert output.out.splitlines()[-1] == f"{why}. First change: give it demonstrations"
    assert "alert never-done at step 1: no episode gets done\n  evidence" in output.err
    (folder,) = (project.root / "runs").iterdir()
    assert main(["run", "--resume", str(folder), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert (result["stopped_by"], result["steps"]) == ("never-done", 1)


def test_the_table_says_where_everything_lies(project: Project, capsys: Any) -> None:
    assert run(project, compiled(project, *SMALL)) == 0
    output = capsys.readouterr().out
    for word in ("base", "trained", "success", "evaluation.json", "metrics.jsonl", "checkpoints"):
        assert word in output
    folder = next((project.root / "runs").iterdir())
    for name in ("evaluation.json", "metrics.jsonl", "trajectories.jsonl", "checkpoints", "model"):
        assert (folder / name).exists()


def save_model(folder: Path, template: str = TEMPLATE) -> None:
    texts = ['<|im_start|>user\nBike 1?<|im_end|>{"job": "J1"}']
    tokenizer = build_tokenizer(Tiny(), texts=texts, markup=["<final_output>", "</final_output>"])
    tokenizer.chat_template = template
    build_model(Tiny(hidden_size=32, heads=2), tokenizer, seed=1).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_a_model_folder_runs(project: Project) -> None:
    save_model(project.root / "specs" / "model")
    assert run(project, compiled(project, *SMALL[1:], "model.base=./model")) == 0


FAULTY_MODELS = {
    "weights that are no weights": ("model.safetensors", "nothing", "does not load"),
    "a configuration that is none": ("config.json", "{]", "does not load"),
    "a template that rewrites earlier turns": (
        "chat_template.jinja",
        TEMPLATE.replace(
            "{{- message.content -}}\n", "{{- '' if loop.last else 'x' -}}{{- message.content -}}\n"
        ),
        "not prefix-preserving",
    ),
}


@pytest.mark.parametrize("case", FAULTY_MODELS)
def test_a_model_that_cannot_be_trained_is_a_located_fault(
    project: Project, capsys: Any, case: str
) -> None:
    name, content, message = FAULTY_MODELS[case]
    save_model(project.root / "specs" / "model")
    (project.root / "specs" / "model" / name).write_text(content)
    project.edit("specs/desk.yaml", "model: {base: tiny}", "model: {base: ./model}")
    plan = compiled(project, *SMALL[1:])
    assert run(project, plan) == 1
    errors = capsys.readouterr().err
    assert "error[MRLC390]" in errors
    assert "desk.yaml:3:15" in errors
    assert message in errors
    assert "Traceback" not in errors
    assert not (project.root / "runs").exists()


def test_a_sweep_is_run_variant_by_variant(project: Project, capsys: Any) -> None:
    project.edit(
        "specs/desk.yaml", "mrlc: v1\n", "mrlc: v1\nsweep: {over: {algorithm.beta: [0.0, 0.1]}}\n"
    )
    folder = compiled(project, *SMALL)
    assert run(project, folder) == 1
    assert "a sweep, not one plan" in capsys.readouterr().err
    variant = min(path for path in folder.iterdir() if path.is_dir())
    assert run(project, variant, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["steps"] == 1


def test_no_plan_no_run_and_a_changed_input_are_located_faults(
    project: Project, capsys: Any
) -> None:
    plan = compiled(project, *SMALL)
    assert run(project, project.root / "nowhere") == 1
    assert "nowhere/plan.json:1:1" in capsys.readouterr().err
    assert run(project, project.spec) == 1
    assert "a file, not the folder of a plan" in capsys.readouterr().err
    assert main(["run", "--resume", str(project.root / "nowhere")]) == 1
    assert "no such run" in capsys.readouterr().err
    changed = plan / "inputs" / "specs" / "bikes.csv"
    changed.write_text("number,job,days\n")
    assert run(project, plan) == 1
    errors = capsys.readouterr().err
    assert "bikes.csv:1:1" in errors
    assert "not the file that was compiled" in errors
    shutil.rmtree(plan)
    assert not (project.root / "runs").exists()


@pytest.mark.parametrize(
    "arguments",
    [["run"], ["run", "p", "--resume", "r"], ["run", "--resume", "r", "--seed", "1"]],
    ids=" ".join,
)
def test_contradicting_arguments_are_a_usage_error(arguments: list[str], capsys: Any) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_component_that_fails_ends_the_run_with_its_place(project: Project, capsys: Any) -> None:
    project.write("specs/rewards.py", "def polite(trajectory):\n    return 7\n")
    assert run(project, compiled(project, *SMALL)) == 1
    errors = capsys.readouterr().err
    assert "desk.yaml:3" in errors
    assert "component `polite` failed on task" in errors


HANGS = """
from pathlib import Path

def polite(trajectory):
    while not Path({!r}).exists():
        pass
    return 1.0
"""


@pytest.mark.parametrize("what", ["component", "scorer"])
def test_a_rule_that_hangs_ends_the_run_which_then_goes_on(
    project: Project, capsys: Any, what: str
) -> None:
    is_back = project.root / "is-back"
    for file in ("specs/rewards.py", "specs/scorer.py"):
        project.write(file, HANGS.format(str(is_back)))
    if what == "scorer":
        project.write("specs/rewards.py", "def polite(trajectory):\n    return 1.0\n")
    scorer = {
        "component": "evaluation.scorer={kind: exact_fields, against: task.expected}",
        "scorer": 'evaluation.scorer={kind: python, python: "scorer.py:polite"}',
    }
    named = {
        "component": "component `polite` failed on task `h1`: took longer than 0.3 s in "
        "specs/rewards.py:polite, at line ",
        "scorer": "the scorer failed on task `h1`: took longer than 0.3 s in "
        "specs/scorer.py:polite, at line ",
    }
    plan = compiled(project, *SMALL, scorer[what], "turns.score_timeout_s=0.3")
    assert run(project, plan) == 1
    errors = capsys.readouterr().err
    assert named[what] in " ".join(errors.split())
    assert "Traceback" not in errors
    (folder,) = (project.root / "runs").iterdir()
    assert f"go on with: mrlc run --resume {folder}" in errors
    assert "turns.score_timeout_s is its time for an episode" in errors
    is_back.touch()
    assert main(["run", "--resume", str(folder)]) == 0


def test_chaos_marks_the_run_wherever_it_is_seen(project: Project, capsys: Any) -> None:
    plan = compiled(project, *SMALL)
    capsys.readouterr()
    assert run(project, plan, "--chaos", "0.2") == 0
    output = capsys.readouterr()
    assert "20% of tool calls are made to hang, crash or return garbage; one that" in output.err
    assert "with chaos 0.2: 20% of tool calls were made to fail; these figures are" in output.out
    assert "episodes by what became of them" in output.out
    assert "broke, run anew" in output.out
    (folder,) = (project.root / "runs").iterdir()
    assert folder.name.endswith("-s1-chaos0.2")
    assert json.loads((folder / "run.json").read_text())["chaos"] == 0.2
    assert main(["run", "--resume", str(folder), "--chaos", "0.1"]) == 2
    assert "keeps its own chaos" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(project, plan, "--chaos", "20")
    assert "a share from 0 to 1, found '20'" in capsys.readouterr().err


def test_a_run_that_fails_on_a_full_disk_says_so(
    project: Project, capsys: Any, monkeypatch: Any
) -> None:
    """What torch writes goes to a device that has no room, and fails in torch's own words."""
    save = torch.save
    monkeypatch.setattr("mrlc.commands.run.FULL_DISK", 1 << 80)
    monkeypatch.setattr(torch, "save", lambda state, *_, **__: save(state, "/dev/full"))
    assert run(project, compiled(project, *SMALL)) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert " is full; make room, then go on with: mrlc run --resume " in last


def test_runs_that_is_a_file(project: Project, capsys: Any) -> None:
    plan = compiled(project, *SMALL)
    project.write("runs", "")
    assert run(project, plan) == 2
    assert capsys.readouterr().err.endswith("runs: file exists\n")
