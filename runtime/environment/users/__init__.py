"""The simulated user: who replies to a turn that neither acts nor answers.

One module a kind. A user is built once and shared; what belongs to an episode is its `Dialogue`,
so a reply is a function of the dialogue, and of what a model says to it.
"""

from mrlc.runtime.environment.users.load import load_user
from mrlc.runtime.environment.users.user import Dialogue, SimulatedUser, Talk

__all__ = ["Dialogue", "SimulatedUser", "Talk", "load_user"]
