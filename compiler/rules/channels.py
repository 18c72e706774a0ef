"""Channels of alerts: addresses are named, topics have their form, and somebody uses each."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.rules.sagemaker_places import FORMS
from mrlc.compiler.rules.secret import FORMS as SECRETS
from mrlc.compiler.rules.secret import masked
from mrlc.compiler.suggest import did_you_mean
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.request import AT
from mrlc.compiler.tree import Scalar
from mrlc.schemas.notify import REFERENCE

HOOKS = ("webhook", "slack")
TOPIC = "arn:aws:sns:us-east-1:123456789012:rl-ops"
VPC = "{subnets: [subnet-0123abcd], security_groups: [sg-0123abcd]}"
USES = (
    ("alerts", "rules", "*", "then", "*", "notify"),
    ("alerts", "then", "*", "*", "notify"),
)
"""Where a spec names a channel; read as written, so that a rule at fault counts as a use too."""


def told(channel: str) -> Edit:
    """The example project with a channel, and a rule that tells it."""
    rule = "{name: low, metric: rollout/completion, below: 0.5, for_steps: 2, then: [notify: ops]}"
    text = f"alerts: {{rules: [{rule}]}}\nnotify: {{ops: {channel}}}"
    return Edit("\nwarm_start:", f"\n{text}\nwarm_start:")


@rule(
    "MRLC557",
    "address-in-clear",
    bad=(told("{slack: not-a-reference}"),),
    good=(told('{slack: "env:SLACK_URL"}'),),
)
def addresses_are_named(subject: Subject) -> Iterator[Finding]:
    """The address of a webhook is written in the spec.

    Whoever has the address of a webhook can speak through it, and a spec is in git, in plans and
    in reviews. It is masked here.

    Write `env:NAME` or `secretsmanager:ARN`, and keep the address there. If a real address stood
    here, have a new one made.
    """
    for kind in HOOKS:
        for path, node in subject.select(("notify", "*", kind)):
            said = str(node.value) if isinstance(node, Scalar) else ""
            if not isinstance(node, Scalar) or re.fullmatch(REFERENCE.strip("^$"), said):
                continue
            if not any(re.search(form, said) for form in SECRETS.values()):  # has its own rule
                message = "the address of a webhook is named, never written"
                help = "write env:NAME, the variable that holds it where the run is"
                span = masked(node.span, node.span)
                yield Finding(".".join(path), message, "masked", (), help, span)


@rule(
    "MRLC558",
    "unused-channel",
    severity="warning",
    bad=(Edit("\nwarm_start:", f'\nnotify: {{ops: {{sns: "{TOPIC}"}}}}\nwarm_start:'),),
    good=(told(f'{{sns: "{TOPIC}"}}'),),
)
def channels_are_used(subject: Subject) -> Iterator[Finding]:
    """No alert tells a channel anything.

    Somebody who reads the spec takes it that the channel hears of trouble. It never will.

    Name it in a rule, `then: [warn, notify: ops]`, or remove it.
    """
    used = {name for _, name in _uses(subject)}
    for name in subject.experiment.notify:
        if name not in used:
            help = f"name it in a rule under `alerts`: then: [notify: {name}]"
            path = f"notify.{name}"
            yield Finding(path, f"no alert tells `{name}`", help=help, at=subject.name(path))


@rule(
    "MRLC559",
    "unknown-channel",
    bad=(
        Edit(
            "\nwarm_start:",
            told("{sns: x}").new.partition("\nnotify")[0] + "\nwarm_start:",
        ),
    ),
    good=(told(f'{{sns: "{TOPIC}"}}'),),
)
def named_channels_exist(subject: Subject) -> Iterator[Finding]:
    """An alert tells a channel that the spec does not have.

    The alert would fire, and those who wait for it would hear nothing.

    Correct the name, or add the channel: `notify: {ops: {sns: ARN}}`.
    """
    known = subject.experiment.notify
    for path, name in _uses(subject):
        if name not in known:
            there = did_you_mean(name, known) or "add it under `notify`"
            yield Finding(path, f"there is no channel `{name}`", help=there)


@rule(
    "MRLC721",
    "not-a-topic",
    bad=(told("{sns: rl-ops}"),),
    good=(told(f'{{sns: "{TOPIC}"}}'),),
)
def topics_have_their_form(subject: Subject) -> Iterator[Finding]:
    """The topic of a channel is not the ARN of an SNS topic.

    Nothing could be sent there, and that would show only when an alert fires.

    Copy the topic's ARN from the console: arn:aws:sns:us-east-1:123456789012:rl-ops.
    """
    for path, topic in _topics(subject):
        if not FORMS["topic"][0].fullmatch(topic):
            yield Finding(path, f"`{topic[:60]}` is not {FORMS['topic'][1]}")


@rule(
    "MRLC722",
    "channel-without-network",
    bad=(told(f'{{sns: "{TOPIC}"}}'), job(network_isolation="true")),
    good=(told(f'{{sns: "{TOPIC}"}}'), job(network_isolation="false")),
)
def channels_have_a_network(subject: Subject) -> Iterator[Finding]:
    """A job without a network has a channel.

    Nothing leaves such a container, so nobody would hear of an alert through the channel.

    Name the topic under `target.sagemaker.notify`: alarms on the job's metrics ring it from
    outside. Or allow the network.
    """
    job = subject.experiment.target.sagemaker
    if job is None or not job.network_isolation:
        return
    label = Label(subject.value(f"{AT}.network_isolation"), "no network")
    help = f"an alarm can tell a topic from outside: name it under `{AT}.notify`"
    for name in subject.experiment.notify:
        path = f"notify.{name}"
        at = subject.name(path)
        yield Finding(path, f"`{name}` cannot be reached", "", (label,), help, at)


@rule(
    "MRLC723",
    "topic-of-another-partition",
    bad=(told('{sns: "arn:aws-cn:sns:cn-north-1:123456789012:rl-ops"}'), job()),
    good=(told(f'{{sns: "{TOPIC}"}}'), job()),
)
def topics_are_of_the_partition(subject: Subject) -> Iterator[Finding]:
    """A job's role and a topic belong to different partitions of AWS.

    Accounts in China, in GovCloud and elsewhere have nothing in common, so the job's role opens
    nothing there: no message would arrive.

    Name a topic of the job's own partition.
    """
    job = subject.experiment.target.sagemaker
    if job is None or not FORMS["role"][0].fullmatch(job.role):
        return
    own = job.role.split(":")[1]
    label = Label(subject.value(f"{AT}.role"), f"the job's partition is {own}")
    for path, topic in _sound_topics(subject):
        if (its := topic.split(":")[1]) != own:
            yield Finding(path, f"the topic belongs to {its}, the job to {own}", "", (label,))


@rule(
    "MRLC724",
    "topic-in-another-region",
    severity="warning",
    bad=(told(f'{{sns: "{TOPIC.replace("us-east-1", "eu-west-1")}"}}'), job(vpc=VPC)),
    good=(told(f'{{sns: "{TOPIC}"}}'), job(vpc=VPC)),
)
def topics_are_near(subject: Subject) -> Iterator[Finding]:
    """A job in a VPC tells a topic of another region.

    An endpoint of the VPC reaches SNS in its own region alone. Without a way to the internet the
    message stays in the job.

    Name a topic of the job's region; it can forward to the other.
    """
    job = subject.experiment.target.sagemaker
    if job is None or job.vpc is None or job.home is None:
        return
    label = Label(subject.value(f"{AT}.vpc"), "the network of the job")
    for path, topic in _sound_topics(subject):
        if (region := topic.split(":")[3]) != job.home:
            yield Finding(path, f"this lies in {region}, the job in {job.home}", "", (label,))


@rule(
    "MRLC725",
    "address-not-in-job",
    severity="warning",
    bad=(told('{slack: "env:SLACK_URL"}'), job()),
    good=(
        told('{slack: "env:SLACK_URL"}'),
        job(
            environment='{SLACK_URL: "secretsmanager:arn:aws:secretsmanager:us-east-1:'
            '123456789012:secret:slack"}'
        ),
    ),
)
def addresses_are_in_the_job(subject: Subject) -> Iterator[Finding]:
    """A channel names a variable that the job is not given.

    Your own variables are not those of the container. Unless the image sets this one, nothing
    would be delivered.

    Name the secret itself, `secretsmanager:ARN`, or give the job the variable under
    `target.sagemaker.environment`.
    """
    job = subject.experiment.target.sagemaker
    if job is None:
        return
    channels = subject.experiment.notify.items()
    named = [(name, *one) for name, channel in channels for one in channel.addresses.items()]
    for name, kind, address in named:
        variable = address.removeprefix("env:")
        if address.startswith("env:") and variable not in job.environment:
            label = Label(subject.name(AT), "the job")
            message = f"the job has no variable `{variable}`"
            yield Finding(f"notify.{name}.{kind}", message, "", (label,))


def _uses(subject: Subject) -> Iterator[tuple[str, str]]:
    """Path and name wherever a rule names a channel."""
    for pattern in USES:
        for path, node in subject.select(pattern):
            if isinstance(node, Scalar):
                yield ".".join(path), str(node.value)


def _topics(subject: Subject) -> Iterator[tuple[str, str]]:
    for name, channel in subject.experiment.notify.items():
        if channel.sns is not None:
            yield f"notify.{name}.sns", channel.sns


def _sound_topics(subject: Subject) -> Iterator[tuple[str, str]]:
    return (one for one in _topics(subject) if FORMS["topic"][0].fullmatch(one[1]))
