"""`mrlc gate` as a user meets it, and the door that it opens."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mrlc.cli import main
from mrlc.plans import plan_folders
from tests.children import environment, loaded
from tests.runtime.gates.conftest import solvable

SCRIPTED = "E1,E2,R5,golden"


@pytest.fixture
def gated(project, monkeypatch):
    """The test project with a golden walk, compiled, from its own folder."""
    solvable(project)
    monkeypatch.chdir(project.root)
    assert main(["compile"]) == 0
    return project


def test_scripted_gates_pass(gated, mrlc):
    done = mrlc("gate", "--only", SCRIPTED, cwd=gated.root)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "desk: 4 pass")
    assert done.stderr.splitlines()[-1] == "evidence in gates/desk.json"
    assert set(json.loads(Path("gates/desk.json").read_text())["gates"]) == set(SCRIPTED.split(","))


def test_without_a_name_all_of_build_is_meant(tmp_path, monkeypatch):
    for name in ("desk/plan.json", "hot/sweep.json", "hot/a/plan.json", "hot/b/plan.json"):
        path = tmp_path / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert [str(folder) for folder in plan_folders([])] == [
        "build/desk",
        "build/hot/a",
        "build/hot/b",
    ]


def test_scripted_gates_need_no_torch(gated):
    assert not loaded("gate", "--only", "R5") & {"torch", "transformers", "trl", "numpy"}


def test_a_failure_is_shown_kept_and_exits_1(gated, capsys):
    gated.write("specs/rewards.py", "def polite(t):\n    return 0.0\n")
    main(["compile"])
    capsys.readouterr()
    assert main(["gate", "build/desk", "--only", "golden"]) == 1
    shown = capsys.readouterr().out
    assert (
        "fail                   golden  4 of 4 tasks are not solved; `t1`: it earns 0.9 of 1"
        in shown
    )
    assert "task t1, member 0: it earns 0.9 of 1 (fields 1, polite 0)" in shown
    assert 'find_bike("bike": "1") ⇒ {"job": "J1", "days": 3}' in shown
    kept = json.loads(Path("gates/desk.json").read_text())["gates"]["golden"]
    assert (kept["verdict"], len(kept["offenders"])) == ("fail", 4)


def test_a_waived_gate_is_not_run_and_says_why(gated, capsys):
    gated.edit("specs/desk.yaml", "gates:\n", 'gates:\n  waive: {E2: "one process, one episode"}\n')
    main(["compile"])
    capsys.readouterr()
    assert main(["gate", "--only", "e2"]) == 0
    assert "waived                 E2      one process, one episode" in capsys.readouterr().out


def test_formats_for_programs(gated, capsys):
    for form in ("json", "junit", "markdown"):
        assert main(["gate", "--only", "E1,V3", "-f", form]) == 0
    line, rest = capsys.readouterr().out.partition("\n")[::2]
    found = json.loads(line)["reports"][0]
    assert [gate["outcome"] for gate in found["gates"]] == ["pass", "not asked"]
    xml, _, markdown = rest.partition("<!-- mrlc-gate -->")
    suite = ElementTree.fromstring(xml.encode())[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "1")
    assert "| ✅ pass | E1 determinism | `" in markdown


def test_the_door_is_shut_and_says_how_to_open_it(gated, capsys):
    main(["gate", "--only", SCRIPTED])
    capsys.readouterr()
    assert main(["run", "build/desk"]) == 6
    errors = capsys.readouterr().err
    assert errors.startswith("mrlc: `desk` has not earned its run: 6 gates to pass\n")
    assert "  V2      foothold: no evidence yet\n" in errors
    assert "  = help: mrlc gate build/desk --only V2,R2,R3,R4,T2,T3\n" in errors
    assert not Path("runs").exists()


def test_statistical_gates_on_random_weights_are_honest(gated, capsys):
    options = ["--set", "warm_start.steps=1", "--set", "model.tiny={hidden_size: 32, heads: 2}"]
    options += ["--set", "target.local.threads=1", "--set", "turns.max_tokens=8"]
    assert main(["compile", *options]) == 0
    capsys.readouterr()
    assert main(["gate", "--only", "V2,T2,R4", "--rollouts", "60", "-f", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["reports"][0]["gates"]
    outcomes = {gate["code"]: gate["outcome"] for gate in found}
    assert outcomes == {"V2": "insufficient evidence", "R4": "insufficient evidence", "T2": "fail"}
    foothold, _over, cut = found
    assert (foothold["decides_at"], foothold["numbers"]["detected_at"]["0.05"]) == (299, 59)
    assert cut["offenders"][0]["turns"][-1] == "[turn_tokens]"
    kept = list(Path("runs/.base").glob("*/base/model.safetensors"))
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "E9"], "there is no gate `E9`"),
        (["--rollouts", "0"], "expected a whole number from 1"),
    ],
    ids=str,
)
def test_wrong_usage(gated, capsys, arguments, words):
    try:
        code = main(["gate", *arguments])
    except SystemExit as left:
        code = int(left.code or 0)
    assert code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "eof while parsing"), ("{}", "not a plan: `format`: field required")],
)
def test_plan_that_cannot_be_read_says_why(gated, mrlc, text, said):
    Path("build/desk/plan.json").write_text(text)
    done = mrlc("gate", cwd=gated.root)
    assert done.returncode == 1
    assert said in done.stderr
    assert "compile the spec again" in done.stderr


def test_seed_is_that_of_a_run(mrlc):
    done = mrlc("gate", "--seed", "-3")
    assert done.returncode == 2
    assert "argument --seed: expected a whole number from 0, found '-3'" in done.stderr


def test_a_place_where_no_evidence_can_be_kept_is_found_before_the_gates(gated, capsys):
    Path("taken").write_text("")
    for place, why in (("/proc/1/x", "no such file or directory"), ("taken", "file exists")):
        assert main(["gate", "--only", "E1", "--gates", place]) == 2
        said = capsys.readouterr().err
        assert said == f"mrlc: cannot keep evidence in --gates {place}: {why}\n"


def test_what_was_shown_stands_when_the_gates_are_interrupted(gated):
    """The scripted gates are through, the sampled ones have minutes to go."""
    # Whoever runs the tests in the background has interrupts ignored, and children inherit that.
    heeding = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    start = f"{heeding}runpy.run_module('mrlc', run_name='__main__')"
    command = [sys.executable, "-c", start, "gate", "--rollouts", "100000"]
    with subprocess.Popen(
        command,
        cwd=gated.root,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("golden: "):
                    process.send_signal(signal.SIGINT)
                    break
            rest = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert process.returncode == 130
    assert rest.endswith("evidence in gates/desk.json\ninterrupted\n")
    assert set(json.loads(Path("gates/desk.json").read_text())["gates"]) == set(SCRIPTED.split(","))
