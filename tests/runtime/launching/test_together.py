"""Several processes, on one host and on two: one process's losses, one writer, one verdict."""

from __future__ import annotations

import json
import re
import signal
import socket
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.launching.conftest import Container, Make, descendants

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

STEPS = ("algorithm.steps=5", "evaluation.pass_at=[1]")
HOSTS = ("127.0.0.1", "127.0.0.2")
"""All of 127/8 is this machine, so that names need not be resolved."""
TOLERANCE = 1e-4


def free_port() -> int:
    """A port that is free, and the one after it, as far as one can know."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("", 0))
            port = int(one.getsockname()[1])
            try:
                other.bind(("", port + 1))
            except OSError:
                continue
            return port


def rows(job: Container, log: str) -> list[dict[str, float]]:
    text = (job.root / "output" / "data" / log).read_text()
    return [json.loads(line) for line in text.splitlines()]


def losses(job: Container) -> list[float]:
    return [row["train/loss"] for row in rows(job, "metrics.jsonl")]


def assert_like(job: Container, alone: Container) -> None:
    """The same losses and episodes, each written once."""
    assert [row["step"] for row in rows(job, "metrics.jsonl")] == [1, 2, 3, 4, 5]
    assert losses(job) == pytest.approx(losses(alone), abs=TOLERANCE)
    assert any(losses(alone))
    order = [(row["phase"], row.get("step"), row["task"], row["member"]) for row in episodes(job)]
    assert order == [
        (row["phase"], row.get("step"), row["task"], row["member"]) for row in episodes(alone)
    ]


def episodes(job: Container) -> list[dict[str, float]]:
    return rows(job, "trajectories.jsonl")


def two_hosts(container: Make, name: str, *overrides: str) -> list[Container]:
    port = str(free_port())
    return [
        container(
            *STEPS,
            *overrides,
            name=f"{name}-{host}",
            host=host,
            hosts=HOSTS[::-1],
            MRLC_PROCESSES="2",
            MRLC_MAIN_PORT=port,
        )
        for host in HOSTS
    ]


@pytest.mark.parametrize("lead", [0, 1])
def test_two_processes_train_as_one_does(container: Make, lead: int) -> None:
    options = (*STEPS, f"algorithm.max_steps_off_policy={lead}")
    alone = container(*options, name="alone")
    both = container(*options, name="both", MRLC_PROCESSES="2", MRLC_MAIN_PORT=str(free_port()))
    assert alone.run() == 0, alone.log
    assert both.run() == 0, both.log
    assert_like(both, alone)
    assert len(both.steps) == 5


@pytest.mark.parametrize("lead", [0, 1])
def test_two_processes_stop_at_the_same_step_and_go_on(container: Make, lead: int) -> None:
    port, options = str(free_port()), (*STEPS, f"algorithm.max_steps_off_policy={lead}")
    alone = container(*options, name="alone", MRLC_PROCESSES="2", MRLC_MAIN_PORT=port)
    stopped = container(*options, name="stopped", MRLC_PROCESSES="2", MRLC_MAIN_PORT=port)
    assert alone.run() == 0, alone.log
    stopped.start().wait_for("mrlc step=2")
    stopped.signal(signal.SIGTERM)
    assert stopped.wait() == 0, stopped.log
    assert stopped.run() == 0, stopped.log
    assert stopped.weights == alone.weights
    numbers = [int(line.split()[1].removeprefix("step=")) for line in stopped.steps]
    assert all(after == before + 1 for before, after in pairwise(numbers))


@pytest.mark.parametrize("lead", [0, 1])
@pytest.mark.parametrize("processes", [("1", "2"), ("2", "1")], ids="-then-".join)
def test_a_run_goes_on_with_another_number_of_processes(
    container: Make, lead: int, processes: tuple[str, str]
) -> None:
    options = (*STEPS, f"algorithm.max_steps_off_policy={lead}")
    alone, job = container(*options, name="alone"), container(*options, name="job")
    assert alone.run() == 0, alone.log
    job.environment |= {"MRLC_PROCESSES": processes[0], "MRLC_MAIN_PORT": str(free_port())}
    job.start().wait_for("mrlc step=2")
    job.signal(signal.SIGTERM)
    assert job.wait() == 0, job.log
    assert len(job.steps) < 5
    job.environment["MRLC_PROCESSES"] = processes[1]
    assert job.run() == 0, job.log
    assert_like(job, alone)


NEVER_DONE = """alerts={use: [], rules: [{name: never-done, metric: train/learning_rate, \
below: 0.0065, for_steps: 2, then: [%s]}]}"""
"""The rate falls below it at step 3, of the five."""


@pytest.mark.parametrize("then", ["stop", "roll_back"])
def test_an_alert_ends_two_processes_at_once(container: Make, then: str) -> None:
    both = container(
        *STEPS,
        NEVER_DONE % then,
        "algorithm.checkpoint_every=1",
        name="both",
        MRLC_PROCESSES="2",
        MRLC_MAIN_PORT=str(free_port()),
    )
    assert both.run() == 0, both.log
    told = [line for line in both.steps if "alert/" in line]
    assert told == ["mrlc step=4 alert/firing=1 alert/never-done=1"]
    assert len(both.steps) == 4 + len(told)
    data = both.root / "output" / "data"
    assert len(rows(both, "alerts.jsonl")) == 1
    ending = json.loads((data / "stopped.json").read_text())
    model_step = 4 if then == "stop" else 2
    assert (ending["step"], ending["since"], ending["model_step"]) == (4, 3, model_step)
    assert "stopped by alert never-done at step 4" in both.log.splitlines()[-1]
    assert descendants(both.process.pid if both.process else 0) == []
    kept = both.run_folder / "checkpoints" / f"checkpoint-{model_step}"
    assert tensors(both.root / "model") == tensors(kept)


def tensors(folder: Path) -> dict[str, list[Any]]:
    from safetensors.torch import load_file

    return {name: one.tolist() for name, one in load_file(folder / "model.safetensors").items()}


def test_two_hosts_of_two_processes_train_as_one_does(container: Make) -> None:
    alone = container(*STEPS, name="alone")
    assert alone.run() == 0, alone.log
    lead, other = two_hosts(container, "job")
    lead.start()
    other.start()
    assert lead.wait() == 0, lead.log + other.log
    assert other.wait() == 0, other.log
    assert_like(lead, alone)
    assert not other.steps
    assert not (other.root / "checkpoints").exists()
    assert not list((other.root / "model").iterdir())


def test_two_hosts_go_on_after_a_stop_of_one(container: Make) -> None:
    lead, other = two_hosts(container, "job", "algorithm.checkpoint_every=50")
    lead.start()
    other.start()
    lead.wait_for("mrlc step=2")
    other.signal(signal.SIGTERM)
    assert lead.wait() == 0, lead.log + other.log
    assert other.wait() == 0, other.log
    lead.start()
    other.start()
    assert lead.wait() == 0, lead.log + other.log
    assert [line.split()[1] for line in lead.steps] == [f"step={n}" for n in range(1, 6)]


@pytest.mark.parametrize("dies", [0, 1])
def test_a_host_that_dies_fails_the_job_by_its_name(container: Make, dies: int) -> None:
    both = two_hosts(container, "job", "algorithm.steps=50")
    for one in both:
        one.start()
    both[0].wait_for("mrlc step=1")
    both[dies].kill()
    left = both[1 - dies]
    assert left.wait(60) == 1, left.log
    assert left.failure == f"host {HOSTS[dies]} died: its connection ended without a word"


def test_a_fault_of_one_host_is_told_by_all(container: Make, tmp_path: Path) -> None:
    lead, other = two_hosts(container, "job")
    other.environment["PRICE_KEY"] = "env:NOWHERE"
    lead.start()
    other.start()
    assert other.wait() == 1, other.log
    assert lead.wait() == 1, lead.log
    said = "target.sagemaker.environment.PRICE_KEY: the environment variable NOWHERE is not set"
    assert said in other.failure
    assert re.match(rf"host {HOSTS[1]} failed: specs/desk.yaml:\d+:\d+: {said}", lead.failure)
