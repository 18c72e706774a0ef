"""What a change of specs means: two sides in, a report out, one renderer a format.

    side       a plan with its positions and files: just compiled, or read from a build folder
    classes    the class of every field: instrument, incentive, behaviour, cost, proof, cosmetic
    changes    leaf by leaf, old → new, each at the place where it is written
    rows       what changed inside a data file, by task
    measures   what follows from the numbers: reward range, tokens, episodes
    report     specs paired by name; gates that the change takes the ground from

Two laws. A report is empty just when both sides have the same `full` digest, and it holds
nothing but cosmetic changes, proof and other targets just when they have the same `semantic` digest.
"""

from mrlc.compiler.diff.report import Report, SpecDiff, compare
from mrlc.compiler.diff.side import Side

__all__ = ["Report", "Side", "SpecDiff", "compare"]
