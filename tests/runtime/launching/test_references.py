"""Secrets are looked up by name, and a message never holds one."""

from __future__ import annotations

import pytest

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.launching.references import references, resolve

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:judge-AbCdEf"


def test_only_references_are_looked_up() -> None:
    given = {"A": "plain", "B": "env:TOKEN", "TOKEN": "t", "C": f"secretsmanager:{ARN}"}
    assert set(references(given)) == {"B", "C"}
    assert resolve(given, fetch=lambda arn: f"of {arn}") == {"B": "t", "C": f"of {ARN}"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"B": "env:TOKEN"}, "the environment variable TOKEN is not set in the container"),
        ({"B": "env:B"}, "the environment variable B is not set in the container"),
        ({"B": f"secretsmanager:{ARN}"}, f"the secret {ARN} cannot be read: OSError"),
    ],
)
def test_what_cannot_be_had_is_named(given: dict[str, str], said: str) -> None:
    def refuse(arn: str) -> str:
        raise OSError("the value is hunter2")

    with pytest.raises(PlanFault) as found:
        resolve(given, fetch=refuse)
    assert found.value.path == "target.sagemaker.environment.B"
    assert found.value.message == said
