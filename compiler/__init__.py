"""Text to plan, and nothing else: same bytes in, same bytes out.

No clock, no network, no torch, no environment variable. The passes, in order:

    source      text → tree with a position for every value
    resolve     bases, overrides, variables and expressions
    inputs      the files that the spec names
    validate    tree → `Experiment`
    rules       what the schema cannot say
    plan        `Experiment` and inputs → `Plan`, with its digests
    sweep       the same for every variant of a spec, what they share worked out once
    targets     plan → the files that a place to run asks for
    write       the plan's folder, whole or not at all

A fault of the user's is a `Diagnostic`, raised with all others as `CompileFailed`.
"""

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic
from mrlc.compiler.fault import diagnose_fault
from mrlc.compiler.plan import Compiled, compile_spec
from mrlc.compiler.sweep.compile import Swept, compile_variants
from mrlc.compiler.sweep.write import write_sweep
from mrlc.compiler.write import write_plan

__all__ = [
    "CompileFailed",
    "Compiled",
    "Diagnostic",
    "Swept",
    "compile_spec",
    "compile_variants",
    "diagnose_fault",
    "write_plan",
    "write_sweep",
]
