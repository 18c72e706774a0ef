"""The score of record: how success is measured, apart from what is paid.

A scorer is a function of a finished trajectory to a number from 0 to 1, where 1 is
success; one module a kind. It shares no code with the components of the reward, so
that neither can be bent to the other. An unscorable trajectory has no score.
"""

from mrlc.runtime.scorers.scorer import Scorer, load_scorer

__all__ = ["Scorer", "load_scorer"]
