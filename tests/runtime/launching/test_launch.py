"""Whole jobs by the container's own command: done, stopped, killed, broken."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.runtime.launching.conftest import Container, Make, descendants

AFTER = ("warm start …", "evaluating base …", "training …", "mrlc step=", "going on with")
"""What is in the log before the end; a shell that still unpacks has no handler."""


def same(one: Container, other: Container) -> None:
    """The two jobs ended in the same bytes."""
    for name in ("model.safetensors", "evaluation.json"):
        assert (one.root / "model" / name).read_bytes() == (
            other.root / "model" / name
        ).read_bytes(), name
    assert (one.root / "output/data/trajectories.jsonl").read_bytes() == (
        other.root / "output/data/trajectories.jsonl"
    ).read_bytes()


def test_a_job_leaves_its_model_its_evaluation_and_its_reports(container: Make) -> None:
    job = container()
    assert job.run() == 0, job.log
    model = {path.name for path in (job.root / "model").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "evaluation.json"} <= model
    assert not [name for name in model if name.startswith(".")]
    assert set(json.loads((job.root / "model" / "evaluation.json").read_text())) == {
        "base",
        "trained",
    }
    reports = {path.name for path in (job.root / "output" / "data").iterdir()}
    logs = {"alerts.jsonl", "metrics.jsonl", "tallies.jsonl", "trajectories.jsonl"}
    assert reports == {"evaluation.json", "run.json", "accounts.json", *logs}
    assert [line.split()[1] for line in job.steps] == [f"step={n}" for n in range(1, 5)]
    assert not (job.root / "output" / "failure").exists()


def test_a_stop_at_a_step_saves_it_and_a_restart_goes_on(container: Make) -> None:
    stopped_and_restarted(container)


@pytest.mark.slow
def test_a_stop_at_a_step_and_a_restart_end_in_the_same_bytes(container: Make) -> None:
    alone = container("algorithm.checkpoint_every=50", name="alone")
    assert alone.run() == 0, alone.log
    same(stopped_and_restarted(container), alone)


def stopped_and_restarted(container: Make) -> Container:
    """A job that is stopped far from its next checkpoint, and goes on."""
    stopped = container("algorithm.checkpoint_every=50", name="stopped")
    stopped.start().wait_for("mrlc step=2")
    stopped.signal(signal.SIGTERM)
    assert stopped.wait() == 0, stopped.log
    assert not list((stopped.root / "model").iterdir())
    (saved,) = (stopped.run_folder / "checkpoints").glob("checkpoint-*")
    assert (saved / "complete.json").is_file()
    done = int(saved.name.rpartition("-")[2])
    assert len(stopped.steps) == done
    assert stopped.run() == 0, stopped.log
    assert [line.split()[1] for line in stopped.steps] == [f"step={n}" for n in range(1, 5)]
    return stopped


def test_a_broken_plan_is_a_failure_with_the_users_message(container: Make) -> None:
    job = container()
    arguments = job.estimator["AlgorithmSpecification"]["ContainerArguments"]
    tampered = " && echo >>plan/inputs/specs/bikes.csv && exec"
    arguments[1] = arguments[1].replace(" && exec", tampered)
    assert job.run() == 1
    assert "bikes.csv: not the file that was compiled" in job.failure
    assert "help: compile the spec again" in job.failure
    assert "Traceback" not in job.failure


def test_the_users_code_fails_with_its_place_and_without_the_secret(
    container: Make, project: Project
) -> None:
    rewards = """\
import os

def polite(trajectory):
    raise ValueError("no " + os.environ["PRICE_KEY"] + " " * 2000)
"""
    project.write("specs/rewards.py", rewards)
    job = container(PRICE_KEY="env:TEAM_KEY", TEAM_KEY="hunter2hunter2")
    assert job.run() == 1, job.log
    assert job.failure.startswith("specs/desk.yaml:")
    assert "reward.components." in job.failure
    assert "rewards.py:4" in job.failure
    assert "hunter2" not in job.failure
    assert len(job.failure) <= 1024
    assert "Traceback" not in job.failure


def test_a_trainer_that_is_killed_fails_the_job_by_name(container: Make) -> None:
    job = container().start()
    job.wait_for("mrlc step=1")
    assert job.process is not None
    os.kill(descendants(job.process.pid)[0], signal.SIGKILL)
    assert job.wait() == 1
    assert job.failure == "host algo-1: the trainer was killed; most often the memory was full"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_ended_at_five_random_moments(container: Make, number: signal.Signals) -> None:
    """Each time on another step, or in a warm start or an evaluation, as the moment falls."""
    overrides = ("algorithm.steps=8", "warm_start.steps=12", "evaluation.pass_at=[1]")
    alone, ended = container(*overrides, name="alone"), container(*overrides, name="ended")
    assert alone.run() == 0, alone.log
    moments = random.Random(7)
    kept = 0
    for turn in range(5):
        ended.start()
        ended.wait_for(AFTER[turn] if kept == 0 else "going on with")
        time.sleep(moments.uniform(0, 1.0))
        if number is signal.SIGTERM:
            ended.signal(number)
            assert ended.wait() == 0, ended.log
        else:
            ended.kill()
        steps = newest(ended.root)
        assert steps >= kept
        kept = steps
    assert ended.run() == 0, ended.log
    same(ended, alone)


def newest(root: Path) -> int:
    """The step of the newest whole checkpoint of the training."""
    marks = root.glob("checkpoints/desk-*/checkpoints/checkpoint-*/complete.json")
    return max((int(json.loads(mark.read_text())["step"]) for mark in marks), default=0)
