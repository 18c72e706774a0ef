"""JUnit XML, which every CI shows: an experiment is a suite, a gate a case.

A gate that is waived or not asked is skipped; one without enough evidence is a failure of that
type.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from mrlc.runtime.gates.earn import Report, Result
from mrlc.runtime.gates.render.human import failures, printable


def render(reports: Sequence[Report]) -> str:
    """One document."""
    root = ElementTree.Element("testsuites", name="mrlc gate")
    for report in reports:
        _suite(root, report)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(root: ElementTree.Element, report: Report) -> None:
    failed = sum(not result.is_through for result in report.results)
    skipped = sum(result.evidence is None for result in report.results)
    counts = {"tests": len(report.results), "failures": failed, "skipped": skipped}
    about = {"name": report.experiment, **{key: str(count) for key, count in counts.items()}}
    suite = ElementTree.SubElement(root, "testsuite", about)
    for result in report.results:
        _case(suite, result, report.experiment)


def _case(suite: ElementTree.Element, result: Result, experiment: str) -> None:
    name = f"{result.code} {result.name}"
    case = ElementTree.SubElement(suite, "testcase", classname=experiment, name=name)
    said = printable(result.said)
    if result.evidence is None:
        ElementTree.SubElement(case, "skipped", message=f"{result.outcome}: {said}")
    elif not result.is_through:
        failure = ElementTree.SubElement(case, "failure", type=result.outcome, message=said)
        failure.text = "\n".join(failures(result))
    else:
        ElementTree.SubElement(case, "system-out").text = said
