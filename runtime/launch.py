"""Process 1 of a training container: `python -m mrlc.runtime.launch plan`.

Prepares nothing and computes nothing: it starts the trainers, passes signals on, reaps what ends,
and leaves the model, the reports or the failure where the service looks for them.

    one process in all       a trainer does the whole run
    several                  one makes the base model, all train, one evaluates
    GPUs kept for vLLM       the same, and a server beside those that train

The run lies in checkpoints/, so a job that was interrupted goes on where it was. It exits with 0
when it is done, also where an alert has ended the training, and when it was asked to stop and did:
for the service, a job that it stops is stopped whatever the code, and one that it interrupts is
started again. Of an alert the last line of the log tells, and output/data/stopped.json. Else the code is that of
`mrlc` (1 the user's fault, or a host or process that died, 3 ours, 4 a service) and
output/failure holds the message.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.runtime.errors import PlanBroken
from mrlc.runtime.launching import children, vllm
from mrlc.runtime.launching.children import Child
from mrlc.runtime.launching.devices import VISIBLE, split, trainers
from mrlc.runtime.launching.failure import Failure, failure_of, write_failure
from mrlc.runtime.launching.gang import Gang, HostLost, Lead, Member, OthersStopped
from mrlc.runtime.launching.hosts import LOOPBACK, Cluster, read_cluster
from mrlc.runtime.launching.root import Root, root_of
from mrlc.runtime.launching.supervisor import (
    BEAT_S,
    DEFAULT_GRACE_S,
    GRACE,
    StopAsked,
    adopt_orphans,
    supervise,
)
from mrlc.runtime.launching.vllm import SERVER, ServerSilent
from mrlc.runtime.seeds import DEFAULT_SEED

if TYPE_CHECKING:
    from mrlc.runtime.record import RunFolder
    from mrlc.schemas import Experiment
    from mrlc.schemas.rollout import Vllm

SEED = "MRLC_SEED"
"""Variable: the run's seed, where it is not that of `mrlc run`."""


def main(arguments: Sequence[str]) -> int:
    """Run the plan in the folder that is named; the exit code."""
    stop = StopAsked()
    stop.listen()
    adopt_orphans()
    root = root_of()
    failure_file = root.output / "failure"
    failure_file.unlink(missing_ok=True)
    try:
        failure = _launch(root, Path(arguments[0]), stop)
    except Exception as error:  # noqa: BLE001 -- whatever it is, the service must be told
        traceback.print_exc()
        failure = failure_of(error, Path(arguments[0]))
    if failure is None:
        return 0
    write_failure(failure_file, failure.message)
    print(f"mrlc: {failure.message}", file=sys.stderr, flush=True)
    return failure.code


def _launch(root: Root, plan: Path, stop: StopAsked) -> Failure | None:
    # Loaded only now: until `listen` has been called, the kernel drops a SIGTERM to process 1.
    from mrlc.runtime.alerts.act import sentence
    from mrlc.runtime.alerts.ending import kept
    from mrlc.runtime.launching.publish import forget_partial, publish_model, publish_reports
    from mrlc.runtime.setup import load_plan
    from mrlc.schemas.rollout import Vllm

    cluster = read_cluster(root.resources, os.environ)
    run = _run_folder(root, plan, leads=cluster.leads)
    forget_partial(root.model)
    try:
        with tempfile.TemporaryDirectory(prefix="mrlc-") as scratch:
            experiment = load_plan(run.plan).experiment
            gpus = kept_gpus(experiment)
            count = trainers(os.environ, kept=gpus)
            section = experiment.rollout.vllm or Vllm()
            job = Job(cluster, run, stop, Path(scratch), count, gpus, section)
            failure = job.lead() if cluster.leads else job.follow()
        is_done = failure is None and stop.at is None and cluster.leads
        if is_done:
            publish_model(root, run)
    finally:
        if cluster.leads:
            publish_reports(root, run)
    if is_done and (ending := kept(run)) is not None:
        print(f"mrlc {sentence(run, ending)}", flush=True)
    return failure


def kept_gpus(experiment: Experiment) -> int:
    """GPUs that the trainers do not get."""
    job = experiment.target.sagemaker
    return (job.vllm_gpus if job else None) or 0


def _run_folder(root: Root, plan_folder: Path, *, leads: bool) -> RunFolder:
    """The run of this plan: the one that is there, or a new one.

    Raises:
        PlanBroken: the plan, or the seed.
    """
    from mrlc.runtime.record import RunFolder, create_run, run_stem
    from mrlc.runtime.setup import load_plan

    plan = load_plan(plan_folder)
    said = os.environ.get(SEED) or str(DEFAULT_SEED)
    if not said.isdecimal():
        message = f"{SEED} is {said!r}, which is no seed"
        raise PlanBroken(plan_folder / "plan.json", message, help="a seed is 0 or more")
    runs = root.runs(leads=leads)
    existing = RunFolder(runs / run_stem(plan, int(said), plan.experiment.rollout.chaos))
    if (existing.path / "run.json").is_file():
        print(f"mrlc: going on with {existing.path.name}", file=sys.stderr, flush=True)
        return existing
    return create_run(runs, plan_folder, plan, seed=int(said))


@dataclass(frozen=True)
class Job:
    """This host's part of a job."""

    cluster: Cluster
    run: RunFolder
    stop: StopAsked
    scratch: Path
    count: int
    """Trainers of each host."""
    kept: int
    """GPUs of this host for a vLLM server, which starts where there are any."""
    section: Vllm

    def lead(self) -> Failure | None:
        """All stages, on the host that keeps the run."""
        if len(self.cluster.hosts) * self.count == 1 and not self.kept:
            return self._run([self._alone("whole")])
        if len(self.cluster.hosts) == 1:
            return self._run([self._alone("base")], self._together(), [self._alone("whole")])
        gang = Lead(self.cluster)
        return self._with(gang, lambda: self._lead(gang))

    def follow(self) -> Failure | None:
        """The training, when the host that leads says so."""
        gang = Member(self.cluster)
        return self._with(gang, lambda: self._follow(gang))

    def _lead(self, gang: Lead) -> Failure | None:
        failure = self._run([self._alone("base")], gang=gang)
        if failure is None and self._await(gang, lambda: gang.is_complete):
            gang.say("train")
            failure = self._run(self._together(), gang=gang)
        if failure is None and self._await(gang, lambda: gang.is_done):
            failure = self._run([self._alone("whole")])
        return failure

    def _follow(self, gang: Member) -> Failure | None:
        if self._await(gang, lambda: gang.may_train):
            return self._run(self._together(), gang=gang)
        return None

    def _with(self, gang: Gang, work: Callable[[], Failure | None]) -> Failure | None:
        """Do the work; then the others are told how it ended."""
        try:
            failure = work()
        except HostLost as lost:
            failure = lost.failure
        if failure is not None:
            gang.say("failed", failure.message)
        else:
            gang.say("done" if self.stop.at is None else "stopped")
        gang.close()
        return failure

    def _run(self, *stages: list[Child], gang: Gang | None = None) -> Failure | None:
        """The stages in order, as far as all goes well."""
        grace = float(os.environ.get(GRACE) or DEFAULT_GRACE_S)
        for stage in stages:
            if self.stop.at is not None:
                return None
            health = self._health() if any(child.serves for child in stage) else None
            try:
                failure = supervise(
                    stage,
                    self.stop,
                    host=self.cluster.host,
                    grace_s=grace,
                    beat=partial(self._beat, gang, health),
                )
            except ServerSilent as silent:
                failure = silent.failure
            if failure is not None:
                return failure
        return None

    def _await(self, gang: Gang, is_so: Callable[[], bool]) -> bool:
        """Wait for the others; false where a stop comes first."""
        while self.stop.at is None:
            self._hear(gang)
            if is_so():
                return True
            time.sleep(BEAT_S)
        return False

    def _beat(self, gang: Gang | None, health: vllm.Health | None) -> None:
        if gang is not None:
            self._hear(gang)
        if health is not None:
            health.beat()

    def _hear(self, gang: Gang) -> None:
        """A stop of one host is a stop of all: the service sends it to each, at its own time."""
        try:
            gang.beat()
        except OthersStopped:
            self.stop.ask()

    def _alone(self, stage: children.Stage) -> Child:
        environment = self._environment()
        return children.alone(self.run.path, stage, environment=environment, scratch=self.scratch)

    def _together(self) -> list[Child]:
        environment, servers = self._environment(), []
        if self.kept:
            environment[VISIBLE[0]], gpus = split(os.environ, self.kept)
            servers = [
                vllm.server(
                    self.run.base,
                    self.section,
                    port=self._server_port,
                    gpus=gpus,
                    environment=os.environ,
                )
            ]
        trainers = children.together(
            self.run.path, self.cluster, self.count, environment=environment, scratch=self.scratch
        )
        return [*servers, *trainers]

    def _environment(self) -> dict[str, str]:
        """Of every trainer: it is told of the server before it starts, so as to refuse at once."""
        address = {SERVER: f"http://{LOOPBACK}:{self._server_port}"}
        return {**os.environ, **(address if self.kept else {})}

    @property
    def _server_port(self) -> int:
        return self.cluster.port + 2

    def _health(self) -> vllm.Health:
        return vllm.Health(
            self._server_port, float(os.environ.get(vllm.START) or vllm.DEFAULT_START_S)
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
