"""The world that an agent acts in: prompts, tools, and the state of each episode.

`Environment` is built once and shared; `Environment.open` lends an `Episode` that owns
its state and gives it up however the episode ends.
"""

from mrlc.runtime.environment.environment import Environment
from mrlc.runtime.environment.episode import Episode
from mrlc.runtime.environment.errors import ToolError

__all__ = ["Environment", "Episode", "ToolError"]
