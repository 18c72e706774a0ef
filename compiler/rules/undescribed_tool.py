"""A pretrained model chooses tools by what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from mrlc.compiler.rules import Edit, Finding, Subject, rule

HUB = Edit("base: tiny", "base: org/model")
DESCRIBED = (
    Edit("name: find_bike", "name: find_bike\n      description: The repair job of a bike."),
    Edit("name: book", "name: book\n      description: Book a visit."),
)


@rule(
    "MRLC514",
    "undescribed-tool",
    severity="warning",
    bad=(HUB, DESCRIBED[0]),
    good=(HUB, *DESCRIBED),
)
def tools_are_described(subject: Subject) -> Iterator[Finding]:
    """A tool has no description, and the model is a pretrained one.

    The description is all that the model knows of a tool before its first call. Without one
    it guesses from the name, and the first steps of training go into finding out.

    Write one sentence: what the tool returns or does. The built-in model sees names only.
    """
    if subject.experiment.model.base == "tiny":
        return
    for at, tool in subject.experiment.environment.every_tool():
        if not tool.description.strip():
            message = f"the model is told nothing of the tool `{tool.name}` but its name"
            help = "add `description:`, one sentence on what it returns or does"
            yield Finding(f"{at}.name", message, help=help)
