"""Rollouts: mrlc against TRL's stock loop and a plain asyncio loop, in one table from one run.

    python -m tests.bench.rollouts                 3 minutes; what would take longer is estimated
    python -m tests.bench.rollouts --full          every cell measured: half an hour
    python -m tests.bench.rollouts --model 0.6B    on a GPU, a model of real size

    stage ─▶ loops ─▶ cells ─▶ table
             ideal, training ─┘

All loops play the same forced episodes, token for token, or the run fails.
"""
