"""Training whose state is shared out: the same losses, a whole model, and what DeepSpeed is told.

FSDP2 runs here on CPUs, by gloo. Accelerate takes CPU processes for copies (DDP) whatever it is
asked; the two processes of the test tell it that they are GPUs, and all below it is the real thing.
DeepSpeed does not run without a GPU: its config is read by Accelerate's own reader, no more.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.targets.example import job
from mrlc.runtime.record import RunFolder, create_run
from mrlc.runtime.run import configure_torch, execute, start
from mrlc.runtime.setup import load_plan, prepare
from mrlc.runtime.train.sharding import sharding_arguments
from mrlc.schemas.distribution import DeepSpeed, Distribution, Fsdp2
from tests.runtime.launching.conftest import OVERRIDES
from tests.runtime.launching.test_together import TOLERANCE, free_port
from tests.runtime.train.conftest import VARIED, Quiet

TRAINER = """\
import sys
from pathlib import Path

from accelerate import PartialState
from accelerate.utils import DistributedType
from trl import GRPOTrainer

from mrlc.runtime.record import open_run
from mrlc.runtime.run import configure_torch, quiet_libraries, train_together
from mrlc.runtime.setup import load_plan, prepare
from mrlc.runtime.stopping import NEVER
from mrlc.runtime.team import join
from tests.runtime.train.conftest import Quiet

make = GRPOTrainer.create_accelerator_and_postprocess


def as_on_gpus(trainer):
    PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    make(trainer)
    print("type", trainer.accelerator.distributed_type, flush=True)


GRPOTrainer.create_accelerator_and_postprocess = as_on_gpus
quiet_libraries()
run = open_run(Path(sys.argv[1]))
plan = load_plan(run.plan)
configure_torch(plan.experiment)
setup = prepare(plan, run.plan, seed=run.seed())
train_together(setup, run, Quiet(), team=join(), stop=NEVER)
"""


class Trained:
    """Runs of the test project in one process, and in two that share the state."""

    def __init__(self, project: Any) -> None:
        self.project = project
        project.write("specs/rewards.py", VARIED)
        edit = job()
        project.edit("specs/desk.yaml", edit.old, edit.new)

    def run(self, name: str, *overrides: str) -> tuple[Any, RunFolder]:
        compiled = compile_spec(self.project.spec, overrides=(*OVERRIDES, *overrides))
        folder = write_plan(compiled, self.project.root / "build")
        plan = load_plan(folder)
        configure_torch(plan.experiment)
        setup = prepare(plan, folder, seed=5)
        return setup, create_run(self.project.root / name, folder, plan, seed=5)

    def alone(self, *overrides: str) -> RunFolder:
        setup, run = self.run("alone", *overrides)
        execute(setup, run, Quiet())
        return run

    def shared(self, *overrides: str) -> RunFolder:
        setup, run = self.run("shared", *overrides)
        start(setup, run, Quiet())
        self.train(run)
        return run

    def train(self, run: RunFolder) -> None:
        port = str(free_port())
        script = self.project.write("trainer.py", TRAINER)
        shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
        shared |= {"MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
        shared |= {"PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT)))}
        both = [
            subprocess.Popen(
                [sys.executable, str(script), str(run.path)],
                env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for rank in range(2)
        ]
        for process in both:
            said = process.communicate(timeout=240)[0].decode()
            assert process.returncode == 0, said
            assert "DistributedType.FSDP" in said


ROOT = Path(__file__).parents[3]


@pytest.fixture
def trained(project: Any) -> Trained:
    return Trained(project)


def losses(run: RunFolder) -> list[float]:
    rows = (run.path / "metrics.jsonl").read_text().splitlines()
    return [json.loads(row)["train/loss"] for row in rows]


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("model.lora={rank: 4}",),
    ],
    ids=["all weights", "an adapter"],
)
def test_fsdp2_trains_as_one_process_does(trained: Trained, overrides: tuple[str, ...]) -> None:
    alone = trained.alone(*overrides)
    shared = trained.shared(*overrides, "target.sagemaker.distribution={fsdp2: {}}")
    assert len(losses(shared)) == 4
    assert any(losses(shared))
    assert losses(shared) == pytest.approx(losses(alone), abs=TOLERANCE)
    ours, theirs = tensors(shared.model), tensors(alone.model)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert float((value - theirs[name]).abs().max()) < 1e-3, name


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fsdp2_goes_on_from_a_checkpoint(trained: Trained) -> None:
    overrides = ("target.sagemaker.distribution={fsdp2: {}}",)
    whole = trained.shared(*overrides)
    expected = tensors(whole.model)
    shutil.rmtree(whole.model)
    shutil.rmtree(max((whole.path / "checkpoints").glob("checkpoint-*")))  # the last of two
    trained.train(whole)
    assert [json.loads(row)["step"] for row in (whole.path / "metrics.jsonl").open()] == [
        1,
        2,
        3,
        4,
    ]
    for name, value in tensors(whole.model).items():
        assert float((value - expected[name]).abs().max()) < 1e-5, name


def test_nothing_said_is_a_copy_on_every_gpu() -> None:
    assert sharding_arguments(Distribution(), dtype="float32") == {}


def test_fsdp2_as_transformers_reads_it(tmp_path: Path) -> None:
    from transformers import TrainingArguments

    section = Distribution(fsdp2=Fsdp2(reshard_after_forward=False, offload_params=True))
    given = sharding_arguments(section, dtype="bfloat16")
    read = TrainingArguments(output_dir=str(tmp_path), use_cpu=True, **given).fsdp_plugin_args
    assert read["fsdp_version"] == 2
    assert read["reshard_after_forward"] is False
    assert read["cpu_offload"] is True
    assert read["state_dict_type"] == "FULL_STATE_DICT"


@pytest.mark.parametrize("stage", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_deepspeed_as_accelerate_reads_it(stage: int, dtype: str) -> None:
    from accelerate.utils.deepspeed import HfDeepSpeedConfig

    device = "none" if stage == 1 else "cpu"
    section = DeepSpeed(zero_stage=stage, offload_optimizer_device=device)  # type: ignore[arg-type]
    given = sharding_arguments(Distribution(deepspeed=section), dtype=dtype)
    read = HfDeepSpeedConfig(given["deepspeed"])
    assert read.get_value("zero_optimization.stage") == stage
    assert read.is_zero3() == (stage == 3)
    assert read.is_offload() == (stage > 1)
    assert read.is_true("bf16.enabled") == given["bf16"] == (dtype == "bfloat16")
    saves_whole = "zero_optimization.stage3_gather_16bit_weights_on_model_save"
    assert bool(read.get_value(saves_whole)) == (stage == 3)
