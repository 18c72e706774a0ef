"""Calls a second of each tier that holds on this machine, and how they compare."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.sandbox.outcome import Engine
from mrlc.runtime.sandbox.tiers import open_engine
from mrlc.schemas.execute import Execute, Isolation, Language

CODE: dict[Language, str] = {
    "arithmetic": "1 + 2 * 3",
    "python": "sum(i * i for i in range(1000))",
    "shell": "echo $((6 * 7))",
}
TIERS: tuple[tuple[Language, Isolation], ...] = (
    ("arithmetic", "interpreter"),
    ("python", "interpreter"),
    ("python", "process"),
    ("shell", "process"),
    ("shell", "namespaces"),
)
CALLERS = 8
SECONDS = 1.5


def main() -> None:
    """Measure and print."""
    rates = {}
    for language, isolation in TIERS:
        try:
            engine = open_engine(Execute(language=language, isolation=isolation), path="bench")
        except PlanFault as fault:
            print(f"{language} in {isolation}: {fault.message}")
            continue
        rates[f"{language} in {isolation}"] = measure(engine, CODE[language])
    slowest = min(rate for rate, _ in rates.values())
    for name, (rate, alone) in rates.items():
        print(
            f"{name:<28} {rate / slowest:7.1f}x   ({rate:.0f} calls/s, {alone * 1000:.2f} ms alone)"
        )


def measure(engine: Engine, code: str) -> tuple[float, float]:
    """Calls a second with several callers, and the median seconds of one alone."""
    for _ in range(20):
        assert engine.run(code, seed=1).state == "ok"
    alone = [timed(engine, code) for _ in range(50)]
    until = time.perf_counter() + SECONDS

    def call(_: int) -> int:
        count = 0
        while time.perf_counter() < until:
            engine.run(code, seed=1)
            count += 1
        return count

    with ThreadPoolExecutor(CALLERS) as callers:
        return sum(callers.map(call, range(CALLERS))) / SECONDS, median(alone)


def timed(engine: Engine, code: str) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    engine.run(code, seed=1)
    return time.perf_counter() - started
