"""What the rules of a job say where two fields, or two files, meet."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.example import Edit, write
from mrlc.compiler.rules.sagemaker_fields import GROUPS
from mrlc.compiler.targets.example import BEFORE, job
from mrlc.compiler.targets.request import AT

HUB = Edit("model: {base: tiny}", "model: {base: some/model}")
TOPIC = '["arn:aws:sns:eu-west-1:123456789012:rl-ops"]'
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

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
