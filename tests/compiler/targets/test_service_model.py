"""The walker: every constraint of a service's model, each found at its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrlc.compiler.targets import service_model
from mrlc.compiler.targets.service_model import pattern, refusals
from tests.bench.bad_requests import good_request

REQUEST = "CreateTrainingJobRequest"


@pytest.mark.parametrize(
    ("shape", "value", "place", "kind"),
    [
        ("TrainingInstanceType", "ml.g5.13xlarge", (), "choice"),
        ("KeepAlivePeriodInSeconds", 21_601, (), "size"),
        ("MaxRuntimeInSeconds", 0, (), "size"),
        ("TrainingJobName", "a" * 64, (), "size"),
        ("TrainingJobName", "ends-", (), "form"),
        ("RetryStrategy", {}, (), "shape"),
        ("RetryStrategy", {"MaximumRetryAttempts": True}, ("MaximumRetryAttempts",), "shape"),
        ("RetryStrategy", {"MaximumRetryAttempts": 1, "More": 1}, ("More",), "shape"),
        (
            "VpcConfig",
            {"Subnets": ["a", "b!"], "SecurityGroupIds": ["c"]},
            ("Subnets", "1"),
            "form",
        ),
        ("VpcConfig", {"Subnets": [], "SecurityGroupIds": ["c"]}, ("Subnets",), "size"),
        ("TrainingEnvironmentMap", {"a-b": "x"}, ("a-b",), "form"),
        ("TrainingEnvironmentMap", {"a": "x" * 513}, ("a",), "size"),
        ("HyperParameters", {"lr": 0.1}, ("lr",), "shape"),
        ("TagValue", "rl!", (), "form"),
    ],
)
def test_refusal(shape, value, place, kind):
    (found,) = refusals(value, shape)
    assert (found.place, found.kind) == (place, kind)


def test_a_key_is_told_from_its_value():
    (key,) = refusals({"a-b": "x"}, "TrainingEnvironmentMap")
    (value,) = refusals({"ab": "x" * 513}, "TrainingEnvironmentMap")
    assert (key.is_key, value.is_key) == (True, False)


@given(st.text(alphabet=st.characters(categories=("L", "Zs", "N")), max_size=100))
def test_tags_take_letters_and_numbers_of_any_script(text):
    assert list(refusals(text, "TagValue")) == []


def reachable(name, known):
    """The shapes that a request may hold."""
    shape = service_model._shapes("sagemaker")[name]
    if name not in known:
        known[name] = shape
        parts = [
            *shape.get("members", {}).values(),
            *(shape[k] for k in ("member", "key", "value") if k in shape),
        ]
        for part in parts:
            reachable(part["shape"], known)
    return known


def test_every_pattern_and_type_can_be_read():
    for shape in reachable(REQUEST, {}).values():
        assert shape["type"] in service_model._TYPES
        if "pattern" in shape:
            read = pattern(shape["pattern"]).pattern
            assert (read == ".*") == (shape["pattern"] == ".*"), "Python cannot read it"


def paths(value, at=()):
    yield at
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from paths(inner, (*at, key))


@pytest.mark.parametrize("path", [path for path in paths(good_request()) if path])
def test_a_value_of_another_type_is_found_wherever_it_stands(path):
    import copy

    changed = part = copy.deepcopy(good_request())
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = object()
    (found,) = refusals(changed, REQUEST)
    assert (found.place, found.kind) == (tuple(map(str, path)), "shape")
