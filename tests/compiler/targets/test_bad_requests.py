"""Bad jobs: each refused once, at the spec's own value, and the good one by nobody."""

from __future__ import annotations

import pytest

from mrlc.compiler import compile_spec
from mrlc.compiler.example import SPEC, write
from mrlc.compiler.targets.example import job
from mrlc.compiler.targets.request import AT
from mrlc.compiler.targets.service_model import refusals
from tests.bench.bad_requests import (
    CASES,
    JUDGES,
    by_botocore,
    diagnostics,
    good_request,
    request,
)


@pytest.mark.parametrize("case", CASES, ids=[f"{one.family}: {one.what}" for one in CASES])
def test_mistake_is_said_once_at_its_value(case):
    (fault,) = diagnostics(case)
    assert (fault.code, fault.severity) == (case.code, "error")
    assert fault.path.startswith(AT)
    assert fault.span.file.endswith(SPEC)
    fields = [name for name, value in case.spec.items() if value is not None]
    shown = fault.span.text.strip()
    assert shown == "sagemaker:" or shown.split(":")[0] in fields


def test_there_are_enough_and_all_differ():
    assert len(CASES) >= 60
    assert len({(case.family, case.what) for case in CASES}) == len(CASES)
    assert all(request(case) != good_request() for case in CASES)


def test_the_good_job_is_refused_by_nobody(tmp_path):
    assert compile_spec(write(tmp_path.resolve(), [job()])).warnings == ()
    assert list(refusals(good_request(), "CreateTrainingJobRequest")) == []
    assert not by_botocore(CASES[0]._replace(request={}))


def test_botocore_catches_little():
    share = sum(map(by_botocore, CASES)) / len(CASES)
    assert 0.1 < share < 0.25
    assert set(JUDGES) >= {"mrlc", "botocore"}
