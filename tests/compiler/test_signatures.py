"""Functions of the user against what they are called with, by their text alone."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_spec

SPEC, CODE = "specs/desk.yaml", "specs/rewards.py"
SQL = 'sql: {state: shop, write: "INSERT INTO visits VALUES (:day)"}'
DAY = "        day: {type: integer}\n"
POLITE = "def polite(outcome):"


def faults(project):
    try:
        return compile_spec(project.spec).warnings
    except CompileFailed as error:
        return error.diagnostics


def of_tool(project, function, more=""):
    """The faults of a tool `book` with the parameter `day`, by a function."""
    project.edit(SPEC, SQL, 'python: "rewards.py:book"')
    project.edit(SPEC, "turns: {human: 2}", "turns: {human: 2, max_tokens: 128}")
    project.edit(SPEC, DAY, DAY + more)
    project.edit(CODE, POLITE, f"{function}\n\n{POLITE}")
    return faults(project)


NOTE = "        note: {type: string, required: false}\n"
TOOL = {
    # function, more parameters: (message, the spec's line, the label's line and column)
    "another name": ("def book(date): ...", "", "`book` does not take `day`", "day:"),
    "none at all": ("def book(): ...", "", "`book` does not take `day`", "day:"),
    "by place": ("def book(day, /): ...", "", "`book` does not take `day` by name", "day:"),
    "coroutine": ("async def book(*days): ...", "", "`book` does not take `day`", "day:"),
    "one more": (
        "def book(day, hour): ...",
        "",
        "`book` needs `hour`, which the tool does not declare",
        "python:",
    ),
    "one more by name": (
        "def book(day, *, hour, minute=0): ...",
        "",
        "`book` needs `hour`, which the tool does not declare",
        "python:",
    ),
    "no default": (
        "def book(day, note): ...",
        NOTE,
        "`book` needs `note`, which a call may leave out",
        "note:",
    ),
    "episode and another": (
        "def book(episode, dey): ...",
        "",
        "`book` does not take `day`",
        "day:",
    ),
}


@pytest.mark.parametrize("case", TOOL)
def test_a_function_that_does_not_fit(project, case):
    function, more, message, line = TOOL[case]
    (fault,) = of_tool(project, function, more)
    assert (fault.code, fault.message) == ("MRLC349", message)
    assert fault.span.text.strip().startswith(line)
    (label,) = fault.labels
    assert label.span.file.endswith("rewards.py")
    assert label.span.text[label.span.column - 1 : label.span.end_column - 1] == "book"
    assert fault.help


FIT = [
    "def book(day): ...",
    "async def book(day, episode): ...",
    "def book(episode, day, hour=9): ...",
    "def book(**given): ...",
    "def book(*, day): ...",
    "import functools\n@functools.cache\ndef book(date): ...",
    "def book(date): ...\nbook = print",
    "def book(date): ...\nif True:\n    def book(day): ...",
    "def book(date): ...\nbook.__signature__ = None",
    "from elsewhere import *\ndef book(date): ...",
    "book = lambda date: None",
    "class book:\n    def __init__(self, date): ...",
    "try:\n    from fast import book\nexcept ImportError:\n    def book(date): ...",
]


@pytest.mark.parametrize("function", FIT)
def test_a_function_that_fits_or_that_only_a_run_can_judge(project, function):
    assert of_tool(project, function) == ()


def test_a_call_may_leave_out_what_has_a_default(project):
    assert of_tool(project, "def book(day, note=None): ...", NOTE) == ()


def test_an_argument_named_episode_is_an_argument(project):
    (fault,) = of_tool(project, "def book(day): ...", "        episode: {type: string}\n")
    assert fault.message == "`book` does not take `episode`"
    assert fault.help == "write it as `def book(day, episode)`, or declare what it takes"


def test_the_help_is_a_function_that_fits(project):
    (fault,) = of_tool(project, "async def book(episode, dey, note=0): ...", NOTE)
    assert fault.help.startswith("write it as `async def book(day, episode, note=None)`")
    assert fault.label == "it takes `dey`"


PLACES = {
    "a component": (None, None, "one argument, `trajectory`"),
    "a parser": ("    json:", '    python: "rewards.py:polite"\n    json:', "one argument, `text`"),
    "a scorer": (
        "{kind: exact_fields, against: task.expected}",
        '{kind: python, python: "rewards.py:polite"}',
        "one argument, `trajectory`",
    ),
    "a user": (
        "  answer:\n",
        '  user: {python: "rewards.py:polite"}\n  answer:\n',
        "two arguments, `task` and `messages`",
    ),
}
UNFIT = ["def polite():", "def polite(a, b, c):", "def polite(*, a):", "def polite(*a, b):"]


@pytest.mark.parametrize("unfit", UNFIT)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_called_with_arguments_by_place(project, place, unfit):
    old, new, takes = PLACES[place]
    if old is not None:
        project.edit(SPEC, old, new)
    project.edit(CODE, POLITE, unfit)
    found = [fault for fault in faults(project) if fault.code == "MRLC349"]
    assert f"`polite` does not take {takes}" in [fault.message for fault in found]


@pytest.mark.parametrize("fit", ["def polite(o, more=1):", "def polite(*all, a=1):"])
def test_a_component_that_takes_one(project, fit):
    project.edit(CODE, POLITE, fit)
    assert faults(project) == ()
