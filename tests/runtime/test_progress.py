"""What a person sees of a run while it lasts."""

from __future__ import annotations

import io
import re

from mrlc.runtime.alerts.words import block
from mrlc.runtime.progress import PlainProgress, RichProgress, progress_for
from tests.runtime.notify.firings import HACKED, HOSTILE


def test_plain_progress_says_a_line_a_tenth() -> None:
    stream = io.StringIO()
    with PlainProgress(stream).phase("training") as phase:
        for step in range(1, 31):
            metrics = {"rollout/reward/mean": step / 30, "other": 1.0}
            if step == 10:
                metrics["eval/score/mean"] = 0.5
            phase.step(step, 30, metrics)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "training …"
    assert re.fullmatch(r"training  step 3/30  reward 0\.100  \d:\d\d left", lines[1])
    assert re.fullmatch(r"training  step 12/30  reward 0\.400  eval 0\.500  \d:\d\d left", lines[4])
    assert re.fullmatch(r"training done in \d:\d\d", lines[-1])
    assert len(lines) == 12


def test_a_resumed_phase_starts_midway() -> None:
    stream = io.StringIO()
    with PlainProgress(stream).phase("training") as phase:
        phase.step(30, 30, {})
    assert "0:00 left" in stream.getvalue()


def test_a_terminal_gets_a_bar(capsys) -> None:
    with RichProgress().phase("training") as phase:
        phase.step(1, 2, {"rollout/reward/mean": 0.5})
        phase.step(2, 2, {"rollout/reward/mean": 0.75})
    shown = capsys.readouterr().err
    assert "training" in shown
    assert "step 2/2" in shown
    assert "reward 0.750" in shown
    assert "left" not in shown.splitlines()[-1]


def test_an_alert_is_shown_at_once_and_whole() -> None:
    stream = io.StringIO()
    with PlainProgress(stream).phase("training") as phase:
        phase.alert([HACKED])
        shown = stream.getvalue()
    assert shown == "training …\n" + "\n".join(block(HACKED)) + "\n"


def test_on_a_terminal_an_alert_stands_above_the_bar_and_is_no_markup(capsys) -> None:
    with RichProgress().phase("training") as phase:
        phase.alert([HACKED, HOSTILE])
    shown = capsys.readouterr().err
    assert "\n".join(block(HACKED)[2:]) in shown
    assert "[31mred" in shown
    assert "\x1b[31m" not in shown


def test_the_stream_decides() -> None:
    assert isinstance(progress_for(io.StringIO()), PlainProgress)
