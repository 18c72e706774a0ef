"""What people and programs read of gates, as snapshots; hostile words do no harm."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from mrlc.runtime.gates.earn import Report, Result
from mrlc.runtime.gates.render import human, junit, markdown
from mrlc.runtime.gates.render import json as json_format
from mrlc.schemas.evidence import Offender, Shown

HOSTILE = "t`1`|\x1b[31m</details>```<b>"


@pytest.fixture
def report() -> Report:
    """A gate of every outcome."""
    signal = {"2": {"informative": 0.391, "per_1024": 200.0}}
    failing = Offender(
        task=HOSTILE, why="it earns 0.9", turns=('find(bike="1") ⇒ {"n": 1}', "[answered]"),
        reward=0.9, components={"fields": 1.0}, evaluation=1.0,
    )  # fmt: skip
    few = Shown(verdict="insufficient evidence", said="3 of 100", bound={}, decides_at=153)
    return Report(
        "desk",
        (
            Result("R3", "variance", "pass", "13 of 16",
                   Shown(verdict="pass", said="13 of 16", bound={}, numbers={"signal": signal})),
            Result("golden", "golden walk", "fail", f"task {HOSTILE}",
                   Shown(verdict="fail", said="x", help="mend", bound={}, offenders=(failing,))),
            Result("T2", "token cap", "insufficient evidence", "3 of 100", few),
            Result("V2", "foothold", "waived", "the base is a stub"),
            Result("V3", "reference", "not asked", "nothing to ask"),
        ),
    )  # fmt: skip


def test_human(report, snapshot):
    assert human.render([report]) == snapshot
    assert "\x1b" not in human.render([report])


def test_markdown(report, snapshot):
    assert markdown.render([report]) == snapshot


def test_junit(report, snapshot):
    text = junit.render([report])
    assert text == snapshot
    suite = ElementTree.fromstring(text.encode())[0]
    assert (suite.get("failures"), suite.get("skipped")) == ("2", "2")


def test_json(report, snapshot):
    assert json.loads(json_format.render([report])) == snapshot


def test_a_comment_keeps_below_the_limit(report):
    text = markdown.render([report] * 400)
    assert len(text.encode()) < 65_536
    assert "more experiments." in text
