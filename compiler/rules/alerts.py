"""Alerts: their rules look at metrics that there are, can fire, and do what they say."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.alert_reach import SHARES, Reach, condition_fields
from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.rules import Edit, Finding, Label, Subject, check, rule
from mrlc.compiler.rules.names import twice
from mrlc.compiler.suggest import did_you_mean, listing
from mrlc.compiler.targets.metrics import every_metric
from mrlc.schemas.alerts import AlertRule
from mrlc.schemas.guide import GUIDE, guide

TURNS = "turns: {human: 2}\n"
SHORT = "algorithm: {steps: 2,"
LONG = Edit(SHORT, "algorithm: {steps: 200,")


def _alerts(text: str) -> Edit:
    return Edit(TURNS, f"{TURNS}alerts: {text}\n")


def _rule(text: str) -> Edit:
    return _alerts(f"{{rules: [{{name: watched, {text}, then: [warn]}}]}}")


def _own(subject: Subject) -> Iterator[tuple[str, AlertRule]]:
    for index, one in enumerate(subject.experiment.alerts.rules):
        yield f"alerts.rules.{index}", one


@rule(
    "MRLC533",
    "unknown-metric",
    bad=(LONG, _rule("metric: rollout/reward/men, below: 0.1")),
    good=(LONG, _rule("metric: rollout/reward/mean, below: 0.1")),
)
def metrics_are_written(subject: Subject) -> Iterator[Finding]:
    """A rule looks at a metric that no step writes.

    It would be silent for the whole run, and silence is what a healthy run sounds like.

    Take the name as it stands in metrics.jsonl. Those of components and tools hold their names:
    `reward/fields/mean`, `rollout/tool/find_bike/errors`. Of evaluations during the training there
    are `eval/score/mean` and `eval/completion`; pass@k is measured once, at the end.
    """
    known = every_metric(subject.experiment)
    for path, one in _own(subject):
        for field, condition in condition_fields(one):
            for name in ("metric", "over"):
                metric = getattr(condition, name)
                if metric is not None and metric not in known:
                    help = did_you_mean(metric, known)
                    if metric.startswith("eval/pass_at"):
                        help = "pass@k is measured at the end alone; take `eval/score/mean`"
                    message = f"no step of this run writes `{metric}`"
                    yield Finding(f"{path}.{field}{name}", message, help=help)


@rule(
    "MRLC534",
    "alert-never-fires",
    bad=(LONG, _rule("metric: eval/score/mean, not_rising: 0.02, window: 30")),
    good=(LONG, _rule("metric: eval/score/mean, not_rising: 0.02, window: 60")),
)
def rules_can_fire(subject: Subject) -> Iterator[Finding]:
    """A rule can never fire, whatever the run does.

    Its window or its dwell is longer than the run, its window holds too few evaluations to be sure
    of a trend, or its level lies outside of what the metric can be. Whoever relies on it is alone.

    Shorten the window, evaluate more often, or take a level within reach; the message names what is
    in the way. A rule of the guide that a short run cannot decide is silent, and is a fault only
    where `alerts.then` counts on it.
    """
    reach = Reach.of(subject.experiment)
    counted_on = subject.experiment.alerts.then
    packed = {one.name: one for one in guide(subject.experiment)}
    for path, one in _own(subject):
        if _is_known(one, reach) and (never := reach.never(one)) is not None:
            message = f"`{one.name}` can never fire: {never.why}"
            yield Finding(f"{path}.{never.field}", message, help=never.help)
    for name in counted_on:
        if name in packed and (never := reach.never(packed[name])) is not None:
            message = f"`{name}` can never fire in this run: {never.why}"
            yield Finding(f"alerts.then.{name}", message, help=never.help)


def _is_known(one: AlertRule, reach: Reach) -> bool:
    names = {name for c in one.conditions for name in (c.metric, c.over) if name is not None}
    return names <= reach.every.keys()


@rule(
    "MRLC535",
    "unknown-pack-rule",
    bad=(LONG, _alerts("{then: {reward-hackd: [stop]}}")),
    good=(LONG, _alerts("{then: {reward-collapsed: [warn, stop]}}")),
)
def changed_rules_exist(subject: Subject) -> Iterator[Finding]:
    """`alerts.then` names a rule that no pack in use has.

    The rule that was meant still only warns, and the run that should stop goes on.

    `then` is for the rules of packs under `use`; a rule of your own says its own `then`.
    """
    alerts = subject.experiment.alerts
    packed = GUIDE if "guide" in alerts.use else ()
    for name in alerts.then:
        if name not in packed:
            path = f"alerts.then.{name}"
            help = did_you_mean(name, packed) or f"the guide's rules are {listing(GUIDE)}"
            yield Finding(
                path, f"no pack in use has a rule `{name}`", help=help, at=subject.name(path)
            )


@rule(
    "MRLC536",
    "clear-on-wrong-side",
    bad=(LONG, _rule("metric: rollout/turns/mean, above: 7, clear: 8")),
    good=(LONG, _rule("metric: rollout/turns/mean, above: 7, clear: 6")),
)
def clear_is_on_the_healthy_side(subject: Subject) -> Iterator[Finding]:
    """`clear` lies on the wrong side of the level.

    It is where an alert is over again: with `above`, at the level or below it; with `below`, at the
    level or above it. On the other side the alert would be over before it began.

    Move it to the healthy side, far enough that noise does not cross both.
    """
    for path, one in _own(subject):
        for field, condition in condition_fields(one):
            clear = condition.clear
            if clear is None or condition.kind not in ("above", "below"):
                continue
            level: float = getattr(condition, condition.kind)
            is_above = condition.kind == "above"
            if clear > level if is_above else clear < level:
                side = "below" if is_above else "above"
                message = f"`clear: {clear:g}` is not on the healthy side of {level:g}"
                label = Label(subject.value(f"{path}.{field}{condition.kind}"), "the level")
                help = f"with `{condition.kind}` it lies at the level or {side} it"
                yield Finding(f"{path}.{field}clear", message, "", (label,), help)


@rule(
    "MRLC537",
    "ended-by-one-value",
    severity="warning",
    bad=(
        LONG,
        _alerts("{rules: [{name: lost, metric: eval/score/mean, below: 0.1, then: [stop]}]}"),
    ),
    good=(
        LONG,
        _alerts(
            "{rules: [{name: lost, metric: eval/score/mean, below: 0.1, for_steps: 2, then: [stop]}]}"
        ),
    ),
)
def endings_take_more_than_one_value(subject: Subject) -> Iterator[Finding]:
    """A single value over a level ends the training.

    One step, or one evaluation, is as noisy as its episodes are few. A run that should have gone on
    costs more than the steps that a second look takes.

    Give `for_steps: 2` or more: it must then hold at a second value too, of an evaluation the next.
    Or ask for a trend or a share, which are sure of themselves.
    """
    every = every_metric(subject.experiment)
    for path, one in _own(subject):
        levels = [c for c in one.conditions if c.kind in ("above", "below")]
        if one.ends and one.for_steps == 1 and len(levels) == len(one.conditions):
            is_step = any(every.get(condition.metric, 1) == 1 for condition in levels)
            what = "one step" if is_step else "one evaluation"
            message = f"`{one.name}` ends the training on the word of {what}"
            yield Finding(f"{path}.then", message, help="`for_steps: 2` waits for a second")


@rule(
    "MRLC539",
    "not-a-share",
    bad=(LONG, _rule("metric: rollout/turns/mean, share_above: 0.5")),
    good=(LONG, _rule("metric: rollout/no_action, share_above: 0.5")),
)
def shares_are_of_episodes(subject: Subject) -> Iterator[Finding]:
    """`share_above` is asked of a metric that is no share of episodes.

    Its bound is that of a count of episodes among episodes. Of a mean, of a share of calls or of an
    evaluation it would be a figure without meaning.

    Use `above` with `for_steps`, or take a share of episodes: `rollout/exhausted/turns`,
    `rollout/env_error`, `rollout/no_action` and their like.
    """
    known = every_metric(subject.experiment)
    for path, one in _own(subject):
        for field, condition in condition_fields(one):
            is_share = condition.metric in SHARES and condition.over is None
            if condition.share_above is not None and condition.metric in known and not is_share:
                message = f"`{condition.metric}` is no share of a step's episodes"
                help = f"the shares are {listing(sorted(SHARES & known.keys()))}"
                yield Finding(f"{path}.{field}share_above", message, help=help)


@check
def names_of_rules_differ(subject: Subject) -> Iterator[Diagnostic]:
    alerts = subject.experiment.alerts
    named = [(path, one.name) for path, one in _own(subject)]
    yield from twice(subject, named, "rules")
    for path, name in named:
        if "guide" in alerts.use and name in GUIDE:
            at = f"{path}.name"
            message = f"the guide has a rule called `{name}`"
            help = f"give it another name; what the guide's does is set by `then: {{{name}: […]}}`"
            yield Diagnostic("MRLC334", message, subject.value(at), help=help, path=at)
