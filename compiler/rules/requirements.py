"""Gates of the reward: what a component requires is there, and is not itself."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Label, Subject, rule
from mrlc.compiler.suggest import did_you_mean

FIELDS = "{name: fields, kind: field_accuracy, against: task.expected, weight: 0.9}"
POLITE = '{name: polite, kind: python, python: "rewards.py:polite", weight: 0.1}'


def _requiring(component: str, *names: str) -> Edit:
    return Edit(component, component.replace("weight", f"requires: [{', '.join(names)}], weight"))


@rule(
    "MRLC232",
    "unknown-component",
    bad=(_requiring(POLITE, "field"),),
    good=(_requiring(POLITE, "fields"),),
)
def required_components_exist(subject: Subject) -> Iterator[Finding]:
    """A component requires one that is not there.

    It would never pay, and the reward would be lower than its weights say.

    Write the `name` of a component of the same reward.
    """
    components = subject.experiment.reward.components
    names = [component.name for component in components]
    for index, component in enumerate(components):
        for place, name in enumerate(component.requires):
            if name not in names:
                path = f"reward.components.{index}.requires.{place}"
                help = did_you_mean(name, set(names) - {component.name})
                yield Finding(path, f"no component is called `{name}`", help=help)


@rule(
    "MRLC233",
    "circular-requirement",
    bad=(_requiring(POLITE, "fields"), _requiring(FIELDS, "polite")),
    good=(_requiring(POLITE, "fields"),),
)
def requirements_end(subject: Subject) -> Iterator[Finding]:
    """Components require each other in a circle.

    A component counts 0 until what it requires is at 1, so none of them could ever pay.

    Take one requirement out. Two components that both must be at 1 are the `min` of them.
    """
    components = subject.experiment.reward.components
    requires = {component.name: component.requires for component in components}
    told: set[str] = set()
    for index, component in enumerate(components):
        circle = _circle(component.name, requires)
        if circle and not told & set(circle):
            told |= set(circle)
            place = component.requires.index(circle[1])
            way = " requires ".join(f"`{name}`" for name in circle)
            path = f"reward.components.{index}.requires.{place}"
            label = Label(subject.value(f"reward.components.{index}.name"), "and so itself")
            yield Finding(path, f"{way}", "", (label,))


def _circle(name: str, requires: dict[str, tuple[str, ...]]) -> list[str]:
    """The shortest way from a component back to itself, or nothing."""
    ways = [[name]]
    seen: set[str] = set()
    for way in ways:
        for other in requires.get(way[-1], ()):
            if other == name:
                return [*way, name]
            if other not in seen:
                seen.add(other)
                ways.append([*way, other])
    return []
