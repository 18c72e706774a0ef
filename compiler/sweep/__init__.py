"""Sweeps: one spec, many experiments.

axes      the `sweep` section, read: axes, exclusions, named variants
expand    axes → variants, in order, with their names
base      what all variants share; a variant is the base with changes
memo      checks, run again only where what they read has changed
compile   each variant's plan
collapse  the faults of many variants, each said once
write     all plans of a sweep on disk, whole or not at all
"""
