"""What an episode is paid: its components, weighted, gated and combined.

A component is a function of a finished trajectory to a number from 0 to 1; one module a
kind, which registers a builder. An unscorable trajectory is paid nothing, not zero.
"""

from mrlc.runtime.reward.reward import Reward, RewardScore

__all__ = ["Reward", "RewardScore"]
