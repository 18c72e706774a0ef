"""When somebody must be told: rules over the metrics of a run, evaluated after each step.

    condition   one test of one metric, or of the ratio of two; true or false after each value
    rule        a condition, or several (`all`, `any`), and what is done when they hold long enough
    pack        rules that come with mrlc, by a name: `guide` (`mrlc.schemas.guide`)

A value counts once, at the step it was measured: an evaluation every ten steps is one point in
ten. A rule fires once; before it fires again, its conditions must have ceased to hold.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from mrlc.schemas.section import Name, Section

Pack = Literal["guide"]
Metric = Annotated[str, Field(min_length=1, max_length=120)]
Amount = Annotated[float, Field(ge=0)]

TESTS = (
    "above",
    "below",
    "rising",
    "not_rising",
    "falling",
    "share_above",
    "below_best",
    "missing_for",
)
"""What a condition may ask, one of them."""
TRENDS = ("rising", "not_rising", "falling")
LONGEST = 500
"""Steps of a window: the trend compares all pairs of them at every step."""
ENDS = ("stop", "roll_back")
"""The actions that end a training."""


class Tell(Section):
    """Tell a channel."""

    notify: Name
    """Its name under `notify`."""


def _form(value: Any) -> str:
    """Which form of an action a value has, so that a fault is told of this form alone."""
    return "tell" if isinstance(value, dict | Tell) else "word"


Word = Literal["warn", "stop", "roll_back"]
Action = Annotated[
    Annotated[Word, Tag("word")] | Annotated[Tell, Tag("tell")], Discriminator(_form)
]
Actions = Annotated[tuple[Action, ...], Field(min_length=1)]


class Test(Section):
    """One test of a metric. Each but a level asks for confidence: noise alone does not meet it."""

    above: float | None = None
    """True from a value above this on, until one is back at `clear`."""
    below: float | None = None
    """True from a value below this on, until one is back at `clear`."""
    clear: float | None = None
    """Of a level: where it is over again; left out: the level itself. Apart, it stops flapping."""
    rising: Amount | None = None
    """It rises by more than this over the window, surely: the lower bound of its trend."""
    not_rising: Amount | None = None
    """It rises by less than this over the window, surely: the upper bound of its trend."""
    falling: Amount | None = None
    """It falls by more than this over the window, surely: the upper bound of its trend."""
    share_above: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Of a share of episodes: over the window it is above this, surely. A group counts as one."""
    below_best: Annotated[float, Field(gt=0, lt=1)] | None = None
    """The window's mean is below this share of the best that a window has had: a collapse."""
    best: Amount | None = None
    """With `below_best`: a best below this has nothing to collapse from; left out: 0."""
    missing_for: Annotated[int, Field(ge=1)] | None = None
    """It has had no value for so many steps."""
    window: Annotated[int, Field(ge=2, le=LONGEST)] | None = None
    """Steps that decide, this one included; left out: 20, and 5 of `below_best`."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] | None = None
    """One-sided, of a trend or a share; left out: 0.95."""

    @property
    def kind(self) -> str:
        """Which of `TESTS` it asks; empty where it asks none."""
        return next((name for name in TESTS if getattr(self, name) is not None), "")

    @property
    def steps(self) -> int:
        """The window, in steps; 1 of a level."""
        if self.missing_for is not None:
            return self.missing_for
        if self.kind in ("above", "below"):
            return 1
        return self.window or (5 if self.below_best is not None else 20)

    @property
    def level(self) -> float:
        """One-sided confidence."""
        return self.confidence or 0.95

    def _check(self) -> None:
        asked = [name for name in TESTS if getattr(self, name) is not None]
        if len(asked) != 1:
            found = " and ".join(asked) or "none"
            raise ValueError(f"a condition asks exactly one of {', '.join(TESTS)}; found {found}")
        kind = asked[0]
        belongs = {
            "clear": ("above", "below"),
            "best": ("below_best",),
            "window": (*TRENDS, "share_above", "below_best"),
            "confidence": (*TRENDS, "share_above"),
        }
        for name, kinds in belongs.items():
            if getattr(self, name) is not None and kind not in kinds:
                raise ValueError(f"`{name}` says nothing beside `{kind}`")


class Condition(Test):
    """One test of one metric, or of the ratio of two."""

    metric: Metric
    """Its name, as in metrics.jsonl: `rollout/reward/mean`."""
    over: Metric | None = None
    """A second metric that the first is divided by, where both have a value at a step."""

    @model_validator(mode="after")
    def _is_one(self) -> Condition:
        self._check()
        return self


class AlertRule(Test):
    """A condition, or several, and what is done when they have held for long enough."""

    name: Name
    """In the record, in messages and of its alarm."""
    metric: Metric | None = None
    """Of the rule's one condition, which is written beside it; or `all` and `any`."""
    over: Metric | None = None
    """A second metric that the first is divided by, where both have a value at a step."""
    all: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    """Conditions that must all hold at once."""
    any: Annotated[tuple[Condition, ...], Field(min_length=1)] | None = None
    """Conditions of which one must hold; beside `all`, one of these too."""
    for_steps: Annotated[int, Field(ge=1)] = 1
    """Steps that it must hold, at every value in between; a level met once may be chance."""
    cool_down: Annotated[int, Field(ge=0)] = 10
    """Steps of silence after it has fired, so that what comes and goes is told once."""
    after_step: Annotated[int, Field(ge=0)] = 0
    """Silent up to this step, while a run warms up."""
    until_step: Annotated[int, Field(ge=1)] | None = None
    """Silent after this step, for what only a start can show; left out: to the end."""
    then: Actions
    """`warn` the terminal and the log, `notify: channel`, `stop` with a checkpoint, or `roll_back` to
    the last one from before it began, and stop there."""
    symptom: str = ""
    """What is wrong when it fires, for people; left out: the condition in words."""
    first_change: str = ""
    """The first thing to change, for whoever is told."""

    @model_validator(mode="after")
    def _has_conditions(self) -> AlertRule:
        if self.metric is not None:
            if self.all is not None or self.any is not None:
                raise ValueError("`metric` is a rule's one condition; put it under `all` or `any`")
            self._check()
        elif self.all is None and self.any is None:
            raise ValueError("give `metric` and a test, or conditions under `all` or `any`")
        elif stray := [name for name in (*Test.model_fields, "over") if _given(self, name)]:
            raise ValueError(f"`{stray[0]}` belongs to a condition under `all` or `any`")
        return self

    @property
    def required(self) -> tuple[Condition, ...]:
        """The conditions that must all hold."""
        if self.metric is None:
            return self.all or ()
        given = {name: getattr(self, name) for name in (*Test.model_fields, "metric", "over")}
        return (Condition(**given),)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All its conditions: those under `all`, then those under `any`."""
        return (*self.required, *(self.any or ()))

    @property
    def actions(self) -> tuple[str, ...]:
        """What is done, apart from telling channels."""
        return tuple(one for one in self.then if isinstance(one, str))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that are told."""
        return tuple(one.notify for one in self.then if isinstance(one, Tell))

    @property
    def ends(self) -> bool:
        """Whether it ends the training."""
        return any(action in ENDS for action in self.actions)


class Alerts(Section):
    """The rules of a run."""

    use: tuple[Pack, ...] = ("guide",)
    """Packs of rules; `guide` watches for the usual ways to fail and only warns, so it is on."""
    then: dict[str, Actions] = {}
    """rule of a pack → what is done, in place of a warning: `{reward-hacked: [warn, stop]}`."""
    rules: tuple[AlertRule, ...] = ()
    """Rules of your own."""


def _given(rule: AlertRule, name: str) -> bool:
    return getattr(rule, name) is not None
