"""Whether a tier holds on this machine: by doing what it must stop.

Settings of a system do not tell: a container may refuse what its host allows, and the other
way round. So each probe computes something, tries what must fail, and runs into a limit. Some
hundred milliseconds, once a process.
"""

from __future__ import annotations

from dataclasses import replace

from mrlc.runtime.sandbox.outcome import Engine, Limits, SandboxBroken, SandboxUnavailable

LIMITS = Limits(
    wall_s=5.0,
    cpu_s=2.0,
    memory_bytes=64 << 20,
    output_bytes=4096,
    file_bytes=1 << 20,
    processes=16,
)
SHORT = replace(LIMITS, wall_s=0.2, cpu_s=0.1)

INTERPRETED = """
through = []
try:
    open("/etc/passwd").read()
    through.append("files")
except Exception:
    pass
try:
    import socket
    through.append("sockets")
except Exception:
    pass
print(6 * 7, through)
"""
PYTHON = """
import os
through = []
def attempt(name, function):
    try:
        function()
        through.append(name)
    except BaseException:
        pass
attempt("files", lambda: open("/etc/passwd").read())
attempt("folders", lambda: os.listdir("/proc/1"))
attempt("writing", lambda: open("/var/tmp/mrlc-probe", "w"))
attempt("processes", lambda: os.fork() or os._exit(0))
attempt("programs", lambda: os.execv("/bin/sh", ["sh", "-c", "echo programs"]))
attempt("hidden memory", lambda: os.memfd_create("x"))
attempt("signals", lambda: os.kill(os.getppid(), 0))
attempt("users", lambda: os.setuid(0))
attempt("memory", lambda: bytearray(1 << 30))
print(6 * 7, through)
"""
SHELL = """
exec 2>/dev/null
t=''
cat /etc/passwd >/dev/null && t="$t files"
ls /root >/dev/null && t="$t folders"
true > /var/tmp/mrlc-probe && t="$t writing"
true > /dev/shm/mrlc-probe && t="$t writing"
unshare -r true && t="$t namespaces"
chroot / true && t="$t users"
echo "42 [$(echo $t)]"
"""
_LOOPS = {PYTHON: "while True: pass", INTERPRETED: "while True: pass", SHELL: "while :; do :; done"}


def probe(engine: Engine, impatient: Engine, hostile: str) -> None:
    """Run a hostile set in an engine, and an endless loop in one with little time.

    Raises:
        SandboxUnavailable: something got through, or nothing runs.
    """
    try:
        outcome = engine.run(hostile, seed=0)
        loop = impatient.run(_LOOPS[hostile], seed=0)
    except SandboxBroken as error:
        raise SandboxUnavailable(str(error)) from error
    if outcome.state != "ok" or not outcome.text.startswith("42 ["):
        raise SandboxUnavailable(f"a first call failed: {outcome.text[:200]}")
    if outcome.text != "42 []":
        raise SandboxUnavailable(f"not stopped: {outcome.text[4:-1]}")
    if loop.state != "limit":
        raise SandboxUnavailable(f"an endless loop was not stopped: {loop.text[:200]}")
