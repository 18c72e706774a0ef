"""Price tables and the ceiling of a job."""

from __future__ import annotations

import pytest

from mrlc.compiler import CompileFailed, compile_spec
from mrlc.compiler.diff import compare
from mrlc.compiler.diff.render import human, words
from mrlc.compiler.diff.side import of_compiled
from mrlc.compiler.example import Edit, write
from mrlc.compiler.rules.sagemaker_cost import PRICES, TABLE
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.prices import BadTable, ceiling, read_prices, shipped
from mrlc.compiler.targets.service_model import refusals
from mrlc.schemas.sagemaker import InstanceGroup, SageMaker

HEAD = "# mine, 2026\n# more\ninstance,gpus,gpu_memory_gib,local_disk,usd_hour\n"


def of(**changed):
    given = {"role": "", "image": "", "output": "", "max_runtime_s": 7200}
    return SageMaker(**{**given, "instance": "ml.g5.12xlarge", **changed})


@pytest.mark.parametrize(
    ("changed", "hours", "gpu_hours", "usd"),
    [
        ({}, 2, 8, 14.18),
        ({"count": 3}, 2, 24, 42.54),
        ({"warm_pool_s": 3600}, 3, 12, 21.27),
        ({"retries": 5}, 2, 8, 14.18),  # the longest run is that of all attempts
        ({"instance": "ml.m5.xlarge"}, 2, 0, 0.46),
        ({"instance": "ml.nope"}, 2, None, None),
    ],
)
def test_ceiling(changed, hours, gpu_hours, usd):
    found = ceiling(of(**changed), shipped())
    assert (found.hours, found.gpu_hours, found.usd) == (hours, gpu_hours, usd)


def test_groups_add_up():
    groups = [
        {"name": "a", "instance": "ml.g5.12xlarge"},
        {"name": "b", "instance": "ml.g5.xlarge"},
    ]
    job = of(instance=None, instance_groups=tuple(InstanceGroup(**one) for one in groups))
    found = ceiling(job, shipped())
    assert (found.gpu_hours, found.usd) == (10, 17.0)
    assert found.instances == "1 × ml.g5.12xlarge + 1 × ml.g5.xlarge"


def test_every_type_that_ships_is_one_of_the_service():
    for instance, price in shipped().of.items():
        assert list(refusals(instance, "TrainingInstanceType")) == []
        assert (price.gpus == 0) == (price.gpu_memory_gib == 0)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "the first line"),
        ("instance,usd\n", 1, "the first line"),
        ("# mine\na,b\n", 2, "the columns"),
        (f"{HEAD}ml.a,1,2,yes,cheap\n", 4, "cheap"),
        (f"{HEAD}ml.a,1,2,yes,nan\n", 4, "positive"),
        (f"{HEAD}ml.a,1,2,yes,0\n", 4, "positive"),
        (f"{HEAD}ml.a,1,2,yes,1\nml.b,1,2,perhaps,1\n", 5, "yes or no"),
        (f"{HEAD}ml.a,1\n", 4, "yes or no"),
    ],
)
def test_bad_table(text, line, what):
    with pytest.raises(BadTable, match=what) as caught:
        read_prices(text)
    assert caught.value.line == line


def test_fault_is_shown_in_the_table(tmp_path):
    table = Edit(None, PRICES.replace("13.2", "cheap"), TABLE)
    with pytest.raises(CompileFailed) as caught:
        compile_spec(write(tmp_path.resolve(), [job(prices="prices.csv"), table]))
    (fault,) = caught.value.diagnostics
    assert (fault.span.file.rpartition("/")[2], fault.span.line) == ("prices.csv", 3)


def side(folder, *edits):
    return of_compiled(compile_spec(write(folder.resolve(), edits)))


def test_plan_shows_the_ceiling_and_its_change(tmp_path, snapshot):
    old = side(tmp_path / "a", job())
    new = side(
        tmp_path / "b",
        job(count="2", spot="true", max_wait_s="86400", checkpoints="s3://my-team/c"),
    )
    report = compare([old], [new], against="HEAD")
    assert report.specs[0].kinds == ("cost",)
    assert human.render(report) == snapshot


def test_plan_shows_a_move_to_a_job_and_a_table_of_ones_own(tmp_path):
    own = side(tmp_path / "b", job(prices="prices.csv"), Edit(None, PRICES, TABLE))
    shown = dict(words.measures(compare([side(tmp_path / "a")], [own], against="HEAD").specs[0]))
    assert shown["cost"] == (
        "runs here: the target is this machine → at most $316.80: 24 h of 1 × ml.g6e.12xlarge "
        "(on-demand, us-east-1, 2026-11)"
    )
    assert shown["GPU hours"] == "at most 96"
    other = side(tmp_path / "c", job(instance="ml.trn1.32xlarge"))
    shown = dict(words.measures(compare([own], [other], against="HEAD").specs[0]))
    assert shown["cost"].endswith("not known: 1 × ml.trn1.32xlarge has no price")
