"""mrlc, the Multi-turn RL Compiler: from one spec to a better agent."""

__version__ = "0.1.0"
