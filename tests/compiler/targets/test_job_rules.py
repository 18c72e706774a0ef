"""What the rules of a job say where two fields, or two files, meet."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.example import Edit, write
from mrlc.compiler.rules.sagemaker_cost import PRICES
from mrlc.compiler.rules.sagemaker_fields import GROUPS
from mrlc.compiler.rules.sagemaker_gpus import SERVER
from mrlc.compiler.rules.vllm import rollout
from mrlc.compiler.targets.example import BEFORE, job
from mrlc.compiler.targets.request import AT

HUB = Edit("model: {base: tiny}", "model: {base: some/model}")
TOPIC = '["arn:aws:sns:eu-west-1:123456789012:rl-ops"]'
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

OWN = '{backend: vllm, vllm: {mode: server, server: "env:VLLM_URL"}}'
MIXED = GROUPS.replace("ml.g6e.xlarge", "ml.c5.xlarge")

CASES = {
    "an empty local target": (
        [Edit(BEFORE, job().new.replace("target:", "target:\n  local: {}"))],
        ("MRLC701", "target.local"),
    ),
    "type and groups": (
        [job(instance_groups=GROUPS)],
        ("MRLC706", f"{AT}.instance"),
    ),
    "count and groups": (
        [job(instance=None, instance_groups=GROUPS, count="2")],
        ("MRLC702", f"{AT}.count"),
    ),
    "a key for a disk of its own": (
        [job(kms="{volume: alias/disks}")],
        ("MRLC702", f"{AT}.kms.volume"),
    ),
    "a topic elsewhere": ([job(notify=TOPIC)], ("MRLC710", f"{AT}.notify.0")),
    "an image elsewhere": ([job(region="eu-west-1")], ("MRLC710", f"{AT}.image")),
    "no region": ([job(region="mars")], ("MRLC715", f"{AT}.region")),
    "a model of the Hub, no network": (
        [HUB, job(network_isolation="true")],
        ("MRLC717", "model.base"),
    ),
    "a limit that cannot be held": (
        [job(instance="ml.trn1.32xlarge", max_cost_usd="10")],
        ("MRLC719", f"{AT}.instance"),
    ),
    "a limit for some groups": (
        [
            job(
                instance=None,
                instance_groups=GROUPS.replace("g6e.xlarge", "m8i.large"),
                max_cost_usd="9999",
            )
        ],
        ("MRLC719", f"{AT}.instance_groups.1.instance"),
    ),
    "no such table": ([job(prices="prices.csv")], ("MRLC310", f"{AT}.prices")),
    "a tag of ours": ([job(tags='{"mrlc:name": x}')], ("MRLC713", f"{AT}.tags.mrlc:name")),
    "vLLM in groups, one without a GPU": (
        [rollout("{backend: vllm}"), job(instance=None, instance_groups=MIXED)],
        ("MRLC730", f"{AT}.instance_groups.1.instance"),
    ),
    "FSDP2 without a GPU": (
        [job(instance="ml.m5.large", distribution="{fsdp2: {}}")],
        ("MRLC730", f"{AT}.instance"),
    ),
    "GPUs kept on several instances": (
        [SERVER, job(vllm_gpus="1", count="2")],
        ("MRLC731", f"{AT}.vllm_gpus"),
    ),
    "one GPU left": (
        [SERVER, job(vllm_gpus="3", distribution="{fsdp2: {}}")],
        ("MRLC732", f"{AT}.distribution"),
    ),
    "DeepSpeed in groups": (
        [job(instance=None, instance_groups=GROUPS, distribution="{deepspeed: {}}")],
        ("MRLC733", f"{AT}.distribution.deepspeed"),
    ),
    "two ways to share": (
        [job(distribution="{fsdp2: {}, deepspeed: {}}")],
        ("MRLC209", f"{AT}.distribution"),
    ),
    "weights offloaded that are whole": (
        [job(distribution="{deepspeed: {offload_param_device: cpu}}")],
        ("MRLC209", f"{AT}.distribution.deepspeed"),
    ),
    "GPUs kept for nobody": ([job(vllm_gpus="1")], ("MRLC592", f"{AT}.vllm_gpus")),
    "GPUs kept beside a colocated engine": (
        [rollout("{backend: vllm}"), job(vllm_gpus="1")],
        ("MRLC592", f"{AT}.vllm_gpus"),
    ),
    "two servers": (
        [rollout(OWN), job(vllm_gpus="1")],
        ("MRLC592", "rollout.vllm.server"),
    ),
    "a server and a colocated engine": (
        [rollout(OWN.replace("mode: server, ", "")), job()],
        ("MRLC592", "rollout.vllm.server"),
    ),
    "an option of a server that runs": (
        [rollout(OWN.replace("mode: server", "mode: server, max_model_length: 9")), job()],
        ("MRLC590", "rollout.vllm.max_model_length"),
    ),
    "a long model name": (
        [Edit("model: {base: tiny}", f"model: {{base: {'m' * 2501}}}"), job()],
        ("MRLC704", "model.base"),
    ),
}

FINE = {
    "one group": [job(instance=None, instance_groups=GROUPS)],
    "a key of a disk": [job(instance="ml.p3.2xlarge", kms=f'{{volume: "{KEY}"}}', volume_gb="9")],
    "a path in the role": [job(role="arn:aws:iam::123456789012:role/service-role/Trainer")],
    "an image by digest": [
        job(image=job().new.split("image: ")[1].split("\n")[0] + "@sha256:" + "0" * 64)
    ],
    "a server of the job": [SERVER, job(vllm_gpus="2", distribution="{fsdp2: {}}")],
    "a server of one's own": [rollout(OWN), job(count="2")],
    "GPUs that nobody counts": [
        rollout("{backend: vllm}"),
        job(instance="ml.g7.2xlarge", prices="prices.csv"),
        Edit(None, PRICES.replace("g6e.12xlarge", "g7.2xlarge"), "specs/prices.csv"),
    ],
    "China": [
        job(
            role="arn:aws-cn:iam::123456789012:role/Trainer",
            image="123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/trainer:1",
        )
    ],
    "a variable that is no secret": [job(environment="{TOKENIZERS_PARALLELISM: 'false'}")],
    "a folder, no network": [job(network_isolation="true")],
}


def faults(folder, edits):
    try:
        return compile_spec(write(folder.resolve(), edits)).warnings
    except CompileFailed as error:
        return [fault for fault in error.diagnostics if fault.severity == "error"]


@pytest.mark.parametrize("name", CASES)
def test_said_once_where_it_is(tmp_path, name):
    edits, expected = CASES[name]
    assert [(fault.code, fault.path) for fault in faults(tmp_path, edits)] == [expected]


@pytest.mark.parametrize("name", FINE)
def test_nothing_to_say(tmp_path, name):
    assert list(faults(tmp_path, FINE[name])) == []


def test_a_type_without_a_price_is_a_warning(tmp_path):
    (fault,) = faults(tmp_path, [job(instance="ml.p6-b300.48xlarge")])
    assert (fault.code, fault.severity) == ("MRLC718", "warning")


def test_other_faults_hide_none(tmp_path):
    edits = [
        job(retries="31", image="pytorch", prices="gone.csv"),
        Edit("turns: {human: 2}", "turns: {}"),
    ]
    assert {fault.code for fault in faults(tmp_path, edits)} >= {"MRLC704", "MRLC711", "MRLC310"}


def test_gpus_of_types_that_exist():
    from mrlc.compiler.targets.gpus import gpus_of, table
    from mrlc.compiler.targets.prices import shipped
    from mrlc.compiler.targets.service_model import refusals

    assert not table().keys() & shipped().of.keys()
    assert not [one for one in table() if list(refusals(one, "TrainingInstanceType"))]
    told = ("ml.p5.48xlarge", "ml.p6-b200.48xlarge", "ml.m8i-flex.large", "ml.trn2.48xlarge")
    assert [gpus_of(one) for one in told] == [8, 8, 0, 0]
    assert gpus_of("ml.g99.huge") is None
