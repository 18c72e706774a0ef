"""Endpoints: keys are named, and what is asked of a model can be had from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.rules.secret import FORMS, masked
from mrlc.schemas.endpoint import KEY, Endpoint
from mrlc.schemas.judge import Judge

POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'
HOST = 'url: "https://models.example/v1", model: judge-1'
JUDGE = '{{name: kind, kind: judge, endpoint: {{{endpoint}}}, rubric: "{rubric}", weight: 0.1}}'
RUBRIC = "Is it kind? {{ transcript }}"
SCRIPT = '  user: {script: ["In red, please."]}\n  answer:\n'


def judged(endpoint: str = f'{HOST}, key: "env:JUDGE_KEY"', rubric: str = RUBRIC) -> Edit:
    """The example project with a judge in place of the polite component."""
    return Edit(POLITE, JUDGE.format(endpoint=endpoint, rubric=rubric))


@rule(
    "MRLC229",
    "key-in-clear",
    bad=(judged(f"{HOST}, key: not-a-reference"),),
    good=(judged(),),
)
def keys_are_named(subject: Subject) -> Iterator[Finding]:
    """The key of an endpoint is not the name of a variable.

    What stands there is either no key at all, or the key itself, which then is in git, in the
    plan and in every review. It is masked here.

    Write `env:NAME`, and set the variable where the run is. If it was a key, revoke it.
    """
    for path in _sections(subject):
        scalar = subject.scalar(f"{path}.key")
        if scalar is not None and _is_written(str(scalar.value)):
            message = "a key is named, never written"
            help = "write env:NAME, the variable that holds it where the run is"
            yield Finding(
                f"{path}.key", message, "masked", (), help, masked(scalar.span, scalar.span)
            )


@rule(
    "MRLC230",
    "stock-without-user",
    bad=(Edit("  answer:\n", SCRIPT), Edit("steps: 2,", "engine: stock, steps: 2,")),
    good=(Edit("  answer:\n", SCRIPT),),
)
def stock_engine_hears_nobody(subject: Subject) -> Iterator[Finding]:
    """TRL's own loop has no place for a simulated user.

    Its episodes end at the first turn without a tool call, so the user would never be heard, and
    the two engines would not run the same environment.

    Leave `algorithm.engine` at `mrlc`, or remove `environment.user`.
    """
    experiment = subject.experiment
    if experiment.algorithm.engine == "stock" and experiment.environment.user is not None:
        message = "TRL's own loop ends an episode where the user would reply"
        label = Label(subject.name("environment.user"), "declared here")
        help = "leave the engine at `mrlc`, or remove `environment.user`"
        yield Finding("algorithm.engine", message, "", (label,), help)


@rule(
    "MRLC570",
    "blind-judge",
    bad=(judged(rubric="Is it kind?"),),
    good=(judged(),),
)
def judges_see(subject: Subject) -> Iterator[Finding]:
    """A rubric shows the judge nothing of what the agent did.

    It would mark every episode of a task alike, so the component teaches nothing, and costs a
    call an episode.

    Put `{{ transcript }}` or `{{ answer }}` into the rubric.
    """
    for path, judge in _judges(subject):
        if not re.search(r"\{\{\s*(transcript|answer)\s*\}\}", judge.rubric):
            message = f"the judge `{judge.name}` sees nothing of the episode"
            help = "show it {{ transcript }} or {{ answer }}"
            yield Finding(f"{path}.rubric", message, help=help)


@rule(
    "MRLC571",
    "judge-budget-too-small",
    severity="warning",
    bad=(judged(f"{HOST}, budget: {{calls: 8}}"),),
    good=(judged(f"{HOST}, budget: {{calls: 32}}"),),
)
def budgets_last(subject: Subject) -> Iterator[Finding]:
    """A judge's budget of calls is smaller than the number of episodes that a run has.

    The run ends where the budget does, on the machine that it has warmed up by then. Episodes that
    are alike are asked about once, so it may last; nothing says that it will.

    Allow one call for each episode of training, prompts_per_step × group_size × steps, and two for
    each held-out task, or train for fewer steps.
    """
    algorithm = subject.experiment.algorithm
    trained = algorithm.steps * algorithm.prompts_per_step * algorithm.group_size
    episodes = trained + 2 * len(subject.split_file("test").table.rows)
    for path, judge in _judges(subject):
        budget = judge.endpoint.budget
        if budget is not None and budget.calls is not None and budget.calls < episodes:
            message = f"{budget.calls} calls for {episodes} episodes"
            help = f"`calls: {episodes}` is enough, if none must be repeated"
            yield Finding(f"{path}.endpoint.budget.calls", message, help=help)


@rule(
    "MRLC572",
    "unsteady-judge",
    severity="warning",
    bad=(judged(f"{HOST}, temperature: 0.7"),),
    good=(judged(f"{HOST}, temperature: 0"),),
)
def judges_are_steady(subject: Subject) -> Iterator[Finding]:
    """A judge samples its marks.

    Two equal episodes of a group are then paid differently, and the difference is what is trained
    on: noise, weighed like everything else.

    Leave the temperature out, or write 0.
    """
    for path, judge in _judges(subject):
        if judge.endpoint.temperature:
            message = (
                f"the judge `{judge.name}` marks at temperature {judge.endpoint.temperature:g}"
            )
            yield Finding(f"{path}.endpoint.temperature", message, help="leave it out, or write 0")


@rule(
    "MRLC573",
    "unheard-reply",
    severity="warning",
    bad=(Edit("  answer:\n", SCRIPT.replace("]", ', "Now.", "At last."]')),),
    good=(Edit("  answer:\n", SCRIPT),),
)
def replies_are_heard(subject: Subject) -> Iterator[Finding]:
    """A script has more replies than an episode has room for.

    After the last turn nobody replies, so at most one reply fewer than there are turns is heard. The
    rest is what somebody thinks is said and is not.

    Raise `turns`, or shorten the script.
    """
    user = subject.experiment.environment.user
    heard = subject.experiment.turns.limit - 1
    if user is not None and user.script is not None and len(user.script) > heard:
        message = (
            f"{len(user.script)} replies, but with {heard + 1} turns at most {heard} are heard"
        )
        yield Finding(f"environment.user.script.{heard}", message)


def _is_written(key: str) -> bool:
    """Whether a key is no reference, and of no form that is told by its own rule."""
    is_reference = re.fullmatch(KEY.strip("^$"), key) is not None
    return not is_reference and not any(re.search(form, key) for form in FORMS.values())


def _judges(subject: Subject) -> Iterator[tuple[str, Judge]]:
    for index, component in enumerate(subject.experiment.reward.components):
        if component.kind == "judge":
            yield f"reward.components.{index}", component


def _sections(subject: Subject) -> Iterator[str]:
    """The path of every endpoint."""
    experiment = subject.experiment
    found: list[tuple[str, Endpoint | None]] = [
        (f"{path}.endpoint", judge.endpoint) for path, judge in _judges(subject)
    ]
    user = experiment.environment.user
    found.append(("environment.user.endpoint", user.endpoint if user else None))
    found.append(("evaluation.reference", experiment.evaluation.reference))
    return (path for path, endpoint in found if endpoint is not None)
