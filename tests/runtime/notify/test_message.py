"""What a message says in each of its forms, and that no text of a model gets out of its place."""

from __future__ import annotations

import json
from dataclasses import replace

from mrlc.runtime.alerts.words import LONGEST, block
from mrlc.runtime.notify import slack, sns
from mrlc.runtime.notify.message import Message

from .firings import HACKED, HOSTILE, firing

HACKED_REWARD = (
    "rollout/reward/mean rises by more than 0.1 over 20 steps: slope 0.01235; "
    "0.31 at 21 … 0.55 at 40"
)
MESSAGE = Message("desk-0123456789-s1", HACKED, "desk-0123456789")


def test_a_block_says_what_why_and_what_to_do() -> None:
    assert block(HACKED) == [
        "alert reward-hacked at step 40: the reward rises and the evaluation does not",
        f"  evidence  {HACKED_REWARD}",
        "            since step 21",
        "  change    read the trajectories, then tighten the parser",
        "  patch     reward.components.0.weight=0.5",
        "            reward.components.1.weight=0.5",
        "  then      warn, stop, tell ops",
    ]


def test_what_there_is_not_is_not_said() -> None:
    lines = block(firing(evidence={}, patch=None, first_change="", notify=()))
    assert [line.split()[0] for line in lines] == ["alert", "then"]


def test_the_json_is_as_documented() -> None:
    assert json.loads(MESSAGE.as_bytes()) == {
        "format": "mrlc.alert/1",
        "id": "desk-0123456789-s1/reward-hacked/40",
        "run": "desk-0123456789-s1",
        "job": "desk-0123456789",
        "rule": "reward-hacked",
        "step": 40,
        "symptom": HACKED.symptom,
        "first_change": HACKED.first_change,
        "patch": HACKED.patch,
        "evidence": {"since": 21, "conditions": [HACKED.evidence["conditions"][0]]},
        "actions": ["warn", "stop"],
    }


def test_the_text_ends_with_the_run() -> None:
    assert MESSAGE.text().splitlines()[0] == block(HACKED)[0]
    assert MESSAGE.text().endswith("\n\nrun desk-0123456789-s1, job desk-0123456789")


def test_hostile_text_stays_on_its_line_and_is_cut() -> None:
    lines = block(HOSTILE)
    for line in lines:
        assert line.isprintable()
        assert len(line) <= LONGEST + 20
    assert r"\x1b[31mred \u202eevil" in lines[0]
    assert "nan nan" in "\n".join(lines)


def test_hostile_text_in_json_is_null_or_escaped() -> None:
    body = Message("r", HOSTILE).as_bytes()
    assert body.isascii()
    assert json.loads(body)["evidence"]["nan"] is None
    assert json.loads(body)["symptom"] == HOSTILE.symptom


def test_slack_gets_no_mark_of_its_own_and_no_more_than_it_takes() -> None:
    body = slack.body(Message("r", HOSTILE))
    header, section = (one["text"] for one in body["blocks"])
    assert "<" not in body["text"] + section["text"]
    assert "&lt;!channel&gt;" in section["text"]
    assert (section["type"], section["verbatim"]) == ("mrkdwn", True)
    assert len(header["text"]) <= slack.HEADER
    assert len(section["text"]) <= slack.SECTION
    whole = slack.body(Message("r", firing(symptom="&" * 5_000)))["blocks"][1]["text"]["text"]
    assert whole.endswith("&amp;…"), "cut between two escapes"


def test_a_subject_is_a_hundred_ascii_characters_at_most() -> None:
    assert sns.subject(MESSAGE) == (
        "desk-0123456789: alert reward-hacked at step 40: the reward rises and the evaluation does not"
    )
    hostile = sns.subject(Message("r", HOSTILE))
    assert len(sns.subject(Message("r" * 200, HOSTILE))) == sns.SUBJECT
    assert hostile.isascii()
    assert hostile.isprintable()


def test_an_alternative_that_did_not_decide_is_no_evidence() -> None:
    conditions = [
        {"metric": "a", "asks": "above 1", "holds": True, "value": 2.0},
        {"metric": "b", "asks": "above 1", "holds": False, "value": 0.5},
    ]
    lines = block(replace(HACKED, evidence={"since": 3, "conditions": conditions}))
    assert lines[1:3] == ["  evidence  a above 1: value 2", "            since step 3"]
