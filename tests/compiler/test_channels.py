"""What the rules of channels say where notify, alerts and the job meet."""

from __future__ import annotations

import json

import pytest

from mrlc.compiler import CompileFailed, compile_spec, compile_variants
from mrlc.compiler.example import Edit, write
from mrlc.compiler.rules.channels import TOPIC, VPC, told
from mrlc.compiler.targets.example import job

ELSEWHERE = TOPIC.replace("us-east-1", "eu-west-1")
SECRET = "secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:chat"
RULE = "{name: chatty, metric: rollout/turns/mean, above: 7, for_steps: 2, then: [stop, notify: pager]}"
SLACK = "https://hooks.slack.com/services/" + "T00000000/B00000000/" + "x" * 24

CASES = {
    "two addresses": ([told(f'{{sns: "{TOPIC}", slack: "env:A"}}')], ("MRLC209", "notify.ops")),
    "no address": ([told("{}")], ("MRLC209", "notify.ops")),
    "an address in clear": ([told(f'{{slack: "{SLACK}"}}')], ("MRLC557", "notify.ops.slack")),
    "a variable's name alone": ([told("{webhook: HOOK}")], ("MRLC557", "notify.ops.webhook")),
    "a rule that tells nobody known": (
        [Edit("\nwarm_start:", f"\nalerts: {{rules: [{RULE}]}}\nwarm_start:")],
        ("MRLC559", "alerts.rules.0.then.1.notify"),
    ),
    "a topic of a queue": (
        [told('{sns: "arn:aws:sqs:us-east-1:123456789012:ops"}')],
        ("MRLC721", "notify.ops.sns"),
    ),
}
FINE = {
    "a secret": [told(f'{{slack: "{SECRET}"}}'), job()],
    "another region, by the internet": [told(f'{{sns: "{ELSEWHERE}"}}'), job()],
    "another region, on this machine": [told(f'{{sns: "{ELSEWHERE}"}}')],
    "used by a rule of one's own": [
        Edit(
            "\nwarm_start:",
            f'\nalerts: {{rules: [{RULE}]}}\nnotify: {{pager: {{sns: "{TOPIC}"}}}}\nwarm_start:',
        )
    ],
}


def faults(folder, edits):
    try:
        return compile_spec(write(folder.resolve(), edits)).warnings
    except CompileFailed as error:
        return error.diagnostics


@pytest.mark.parametrize("name", CASES)
def test_said_once_where_it_is(tmp_path, name):
    edits, expected = CASES[name]
    assert [(fault.code, fault.path) for fault in faults(tmp_path, edits)] == [expected]


@pytest.mark.parametrize("name", FINE)
def test_nothing_to_say(tmp_path, name):
    assert list(faults(tmp_path, FINE[name])) == []


def test_an_address_in_clear_is_masked(tmp_path):
    (fault,) = faults(tmp_path, [told(f'{{slack: "{SLACK}"}}')])
    assert SLACK not in f"{fault.message}{fault.help}{fault.span.text}"
    assert "•" in fault.span.text


def test_a_name_that_is_almost_one(tmp_path):
    edit = told(f'{{sns: "{TOPIC}"}}')
    found = faults(tmp_path, [Edit(edit.old, edit.new.replace("notify: ops", "notify: opps"))])
    assert found[0].code == "MRLC559"
    assert found[0].help == "did you mean `ops`?"


def test_who_is_told_changes_no_run(tmp_path):
    plain = compile_spec(write(tmp_path.resolve() / "a", [told('{slack: "env:A"}'), job(vpc=VPC)]))
    other = compile_spec(write(tmp_path.resolve() / "b", [told('{slack: "env:B"}'), job(vpc=VPC)]))
    assert plain.plan.digests.semantic == other.plan.digests.semantic
    assert plain.plan.digests.full != other.plan.digests.full


def test_channels_in_a_sweep(tmp_path):
    """Variants are spelled section by section; a mapping of sections is one too."""
    edits = [
        told(f'{{sns: "{TOPIC}"}}'),
        Edit("mrlc: v1\n", "mrlc: v1\nsweep: {over: {algorithm.beta: [0.0, 0.1]}}\n"),
    ]
    spec = write(tmp_path.resolve(), edits)
    swept = compile_variants(spec)
    plan = json.loads(swept.variants[1].content)
    assert plan["experiment"]["notify"]["ops"]["sns"] == TOPIC
    assert swept.variants[1].digests != swept.variants[0].digests
