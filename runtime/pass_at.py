"""pass@k: the chance that at least one of k sampled episodes of a task succeeds."""

from __future__ import annotations

from math import comb


def pass_at_k(samples: int, successes: int, k: int) -> float:
    """The unbiased estimate from `samples` episodes of which `successes` succeeded.

    1 - C(n - c, k) / C(n, k), equation 1 of Chen et al. 2021 (arXiv:2107.03374). The obvious
    1 - (1 - c/n)**k is biased, and k of n episodes drawn once has a needless variance.

    Raises:
        ValueError: fewer samples than k, or counts that cannot be.
    """
    if not 1 <= k <= samples or not 0 <= successes <= samples:
        raise ValueError(f"pass@{k} of {successes} successes in {samples} samples")
    return 1.0 - comb(samples - successes, k) / comb(samples, k)
