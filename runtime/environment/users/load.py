"""The user that a spec declares."""

from __future__ import annotations

from pathlib import Path

from mrlc.runtime.endpoint import Endpoints
from mrlc.runtime.environment.users.model import ModelUser
from mrlc.runtime.environment.users.python import PythonUser
from mrlc.runtime.environment.users.script import ScriptedUser
from mrlc.runtime.environment.users.user import SimulatedUser
from mrlc.schemas import Experiment


def load_user(
    experiment: Experiment, inputs: Path, endpoints: Endpoints, *, has_workers: bool = True
) -> SimulatedUser | None:
    """Build the user; paths are relative to `inputs`.

    Raises:
        PlanFault: a template, a variable or code that it names cannot be used.
    """
    user, turns = experiment.environment.user, experiment.turns
    if user is None:
        return None
    if user.script is not None:
        return ScriptedUser(user.script)
    if user.endpoint is not None:
        return ModelUser(user, endpoints, max_tokens=turns.max_tokens)
    assert user.python is not None
    return PythonUser(user.python, inputs, timeout_s=turns.tool_timeout_s, has_workers=has_workers)
