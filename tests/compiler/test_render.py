"""What a person and a program are shown. Update with `pytest --snapshot-update`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.codes import CODES
from mrlc.compiler.diagnostics import Diagnostic, Fix, Label, Span
from mrlc.compiler.render import FORMATS, concise, github, human, markdown, render, sarif
from mrlc.compiler.render import json as json_format
from mrlc.compiler.render.text import tally

BASE = Path("/project")


def span(text: str, column: int, end: int, *, line: int = 7, file: str = "specs/a.yaml") -> Span:
    return Span(f"{BASE}/{file}", line, column, line, end, text)


FAULTS = {
    "plain": Diagnostic(
        "MRLC204",
        "unknown key `group_sze`",
        span("algorithm: {group_sze: 8}", 13, 22),
        "not a field of `algorithm`",
        help="did you mean `group_size`?",
    ),
    "two places": Diagnostic(
        "MRLC104",
        "duplicate key `name`",
        span("name: b", 1, 5, line=120),
        "written again here",
        (Label(span("name: a", 1, 5, line=2, file="specs/base.yaml"), "first written here"),),
    ),
    "wide letters": Diagnostic(
        "MRLC203", "wide", span("名前: 自転車 x 🚲 y", 5, 8), "three letters"
    ),
    "after an emoji": Diagnostic("MRLC203", "wide", span("a: 🚲 key", 6, 9), "key"),
    "tabs": Diagnostic("MRLC102", "tabs", span("a:\tb\t: c", 4, 5), "b"),
    "control characters": Diagnostic(
        "MRLC206", "hostile \x1b[2J\u202e text", span("a: \x1b[31mred\u202e", 4, 9), "here\r"
    ),
    "long line": Diagnostic(
        "MRLC320", "long", span("x" * 300 + "HERE" + "y" * 300, 301, 305), "here"
    ),
    "end of line": Diagnostic("MRLC102", "the end", span("abc", 4, 5)),
    "no line": Diagnostic("MRLC101", "no such file", span("", 1, 1, line=1), help="look elsewhere"),
    "several lines": Diagnostic(
        "MRLC209", "block", Span(f"{BASE}/a.yaml", 3, 3, 9, 1, "  - name: x"), "all of it"
    ),
    "option": Diagnostic("MRLC307", "bad", Span("--set", 1, 1, 1, 4, "a.b"), "no value"),
    "warning": Diagnostic(
        "MRLC211", "`tiny` has no effect", span("  tiny: {}", 3, 7), severity="warning"
    ),
    "safe fix": Diagnostic(
        "MRLC205",
        "`steps` is text",
        span('steps: "2"', 8, 11),
        help="write it without quotes: 2",
        fix=Fix.at(span('steps: "2"', 8, 11), "2", "2", is_safe=True, quoted=False),
    ),
    "unsafe fix": Diagnostic(
        "MRLC303",
        "unknown variable `vars.stps`",
        span('steps: "{{ vars.stps }}"', 12, 21),
        fix=Fix.at(span('steps: "{{ vars.stps }}"', 12, 21), "vars.stps", "vars.steps"),
    ),
    "workflow syntax": Diagnostic(
        "MRLC310",
        "100% of `a:b,c` is <b>@lost</b> | ::warning::x\r\n",
        span("train: x", 8, 9, file="specs/a:b,c%.yaml"),
        "`one` and `",
    ),
    "elsewhere": Diagnostic("MRLC310", "outside", Span("/other/a.yaml", 1, 1, 1, 2, "abc")),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_human(fault, snapshot):
    assert human.render([fault], base=BASE) == snapshot


def test_human_in_colour(snapshot):
    assert human.render([FAULTS["plain"]], base=BASE, colour=True) == snapshot


def test_concise(snapshot):
    assert concise.render(list(FAULTS.values()), base=BASE) == snapshot


def test_json(snapshot):
    text = json_format.render(list(FAULTS.values()), base=BASE)
    assert text.count("\n") == 1
    assert json.loads(text) == snapshot


def test_github(snapshot):
    text = github.render(list(FAULTS.values()), base=BASE)
    assert text.count("\n") == len(FAULTS)
    assert text == snapshot


def test_github_escapes():
    """A reader that undoes the escapes, as the runner does, gets the parts back."""
    (line,) = github.render([FAULTS["workflow syntax"]], base=BASE).splitlines()
    _, command, message = line.split("::", 2)
    kind, _, properties = command.partition(" ")
    found = dict(item.split("=") for item in properties.split(","))
    assert (kind, found["line"], found["col"], found["endColumn"]) == ("error", "7", "8", "8")
    assert found["file"] == "specs/a%3Ab%2Cc%25.yaml"
    assert message.startswith("100%25 of `a:b,c` is <b>@lost</b>")


def test_markdown(snapshot):
    assert markdown.render(list(FAULTS.values()), base=BASE) == snapshot


def test_markdown_of_no_faults():
    assert markdown.render((), base=BASE) == "**mrlc check**: no faults\n"


def test_markdown_fits_a_comment():
    faults = [
        Diagnostic("MRLC320", "`x` " * 400, span("y" * 5000, 1, 2, line=i)) for i in range(1, 2000)
    ]
    text = markdown.render(faults, base=BASE)
    assert len(text) < 65_536
    assert "\n… and 1949 more.\n" in text


def test_markdown_fence_cannot_be_closed():
    text = markdown.render([Diagnostic("MRLC102", "x", span("````js", 1, 3))], base=BASE)
    assert text.count("\n`````\n") == 2


def test_sarif(snapshot):
    assert json.loads(sarif.render(list(FAULTS.values()), base=BASE)) == snapshot


def test_sarif_structure():
    """What the standard and code scanning ask of a log, for every fault and for none."""
    assert json.loads(sarif.render((), base=BASE))["runs"][0]["results"] == []
    log = json.loads(sarif.render(list(FAULTS.values()), base=BASE))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(CODES[rule["id"]].summary == rule["shortDescription"]["text"] for rule in rules)
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert len(run["results"]) == len(FAULTS)
    for result, fault in zip(run["results"], FAULTS.values(), strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == fault.code
        assert result["level"] == fault.severity
        assert result["message"]["text"].startswith(fault.message[:4])
        for location in [*result["locations"], *result.get("relatedLocations", [])]:
            _check_location(location["physicalLocation"])
    assert len([result for result in run["results"] if "fixes" in result]) == 2


def _check_location(place):
    region, uri = place["region"], place["artifactLocation"]["uri"]
    start, end = (
        (region["startLine"], region["startColumn"]),
        (region["endLine"], region["endColumn"]),
    )
    assert (1, 1) <= start < end
    assert region["startColumn"] >= 1
    assert uri.startswith("file:///other/") or not uri.startswith(("/", ".", "file:"))
    assert uri.isascii()
    assert " " not in uri


@pytest.mark.parametrize("form", FORMATS)
def test_format_holds_for_every_fault_alone(form):
    for fault in FAULTS.values():
        text = render(form, [fault], cwd=BASE)
        assert fault.code in text
        assert text.endswith("\n")


def test_files_are_named_from_the_repository(tmp_path):
    (tmp_path / ".git").mkdir()
    fault = Diagnostic("MRLC102", "x", Span(str(tmp_path / "sub/a.yaml"), 1, 1, 1, 2, "abc"))
    assert "file=sub/a.yaml," in render("github", [fault], cwd=tmp_path / "sub")
    assert "--> a.yaml:1:1" in render("human", [fault], cwd=tmp_path / "sub")


@pytest.mark.parametrize(
    ("severities", "words"),
    [("", "no faults"), ("e", "1 error"), ("eew", "2 errors, 1 warning"), ("ww", "2 warnings")],
)
def test_tally(severities, words):
    kinds = {"e": FAULTS["plain"], "w": FAULTS["warning"]}
    assert tally([kinds[letter] for letter in severities]) == words


def test_many_faults_of_one_file_are_counted():
    faults = [
        Diagnostic("MRLC204", "bad", span("x", 1, 2, line=i), path=f"a{i}") for i in range(1, 60)
    ]
    text = human.render(faults, base=BASE)
    assert text.count("error[") == human.PER_FILE
    assert text.endswith("… and 9 more in specs/a.yaml: 9 MRLC204\n\n")


def test_no_raw_control_character_reaches_the_terminal():
    text = human.render(list(FAULTS.values()), base=BASE)
    assert not [letter for letter in text if letter != "\n" and not letter.isprintable()]


def test_whole_report(project, snapshot):
    """A spec with several faults, as the command line shows it."""
    project.edit("specs/desk.yaml", "group_size: 4", "group_sze: 4")
    project.edit("specs/desk.yaml", "base: tiny", "base: 1e3")
    project.edit("specs/desk.yaml", "data/test.jsonl", "data/tests.jsonl")
    with pytest.raises(CompileFailed) as caught:
        compile_spec(project.spec)
    assert human.render(caught.value.diagnostics, base=project.root) == snapshot


def test_a_slip_in_every_row_hides_no_other_fault(project):
    rows = [json.dumps({"task": "t1", "messages": [{"role": "user"}]}) for _ in range(60)]
    project.write("specs/data/demos.jsonl", "\n".join(rows) + "\n{broken\n")
    with pytest.raises(CompileFailed) as failed:
        compile_spec(project.spec)
    shown = human.render(failed.value.diagnostics, base=project.root)
    assert shown.count("error[MRLC336]") == 5
    assert shown.count("error[MRLC320]") == 1
    assert "… and 55 more in specs/data/demos.jsonl: 55 MRLC336\n" in shown
