from __future__ import annotations

import pkgutil
from typing import Any, get_args

import pytest

from mrlc.runtime import reward, scorers
from mrlc.runtime.environment import back_ends
from mrlc.runtime.registry import Registry
from mrlc.runtime.reward.component import COMPONENTS
from mrlc.runtime.scorers.scorer import SCORERS
from mrlc.schemas.evaluation import Scorer
from mrlc.schemas.reward import Component
from mrlc.schemas.tools import BACK_ENDS


def declared(union: Any) -> set[str]:
    """The kinds of a union that `kind` tells apart."""
    members = get_args(get_args(union)[0])
    return {get_args(member.model_fields["kind"].annotation)[0] for member in members}


@pytest.mark.parametrize(
    ("registry", "kinds"),
    [
        (back_ends.BACK_ENDS, set(BACK_ENDS)),
        (COMPONENTS, declared(Component)),
        (SCORERS, declared(Scorer)),
    ],
)
def test_kinds_are_those_of_the_schema(registry: Registry[Any], kinds: set[str]) -> None:
    assert set(registry.kinds) == kinds


def test_a_name_is_registered_once() -> None:
    registry: Registry[int] = Registry("mrlc.runtime.scorers")
    registry.register("one")(1)
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("one")(2)


def test_scorers_and_components_import_nothing_of_one_another() -> None:
    for package, other in ((reward, "scorers"), (scorers, "reward")):
        for module in pkgutil.iter_modules(package.__path__):
            found = module.module_finder.find_spec(module.name, None)  # type: ignore[call-arg]
            assert found is not None
            assert found.origin is not None
            with open(found.origin, encoding="utf-8") as file:
                assert f"mrlc.runtime.{other}" not in file.read()
