"""The attack set: what hostile code tries, and how each tier must answer it.

Code prints `GOT IN` where it succeeds. An answer is a state, or several where the tier is free to
choose; whatever it is, `GOT IN` is never in it.
"""

from __future__ import annotations

from typing import NamedTuple


class Attack(NamedTuple):
    """One attack in one language."""

    name: str
    code: str
    states: tuple[str, ...] = ("ok", "tool_error")


LIMIT = ("limit",)
ANY = ("ok", "tool_error", "limit")


def got(expression: str) -> str:
    """Python that says so where an expression has a value."""
    return f"import os, sys\n{expression}\nprint('GOT' + ' IN')"


PYTHON = [
    Attack("endless loop", "while True: pass", LIMIT),
    Attack("loop that catches", "while True:\n try:\n  while True: pass\n except BaseException: pass", LIMIT),
    Attack("flood", "while True: print('x' * 1000)", LIMIT),
    Attack("memory", "x = 'a' * (10 * 1024**3)", ANY),
    Attack("memory bit by bit", "x = []\nwhile True: x.append('a' * 10000)", LIMIT),
    Attack("power", "9**9**9", ANY),
    Attack("shift", "1 << (10**10)", ANY),
    Attack("factorial", "import math\nmath.factorial(10**7)", ANY),
    Attack("digits", "10**100000", ANY),
    Attack("recursion", "def f(): return f()\nf()", ANY),
    Attack("nested source", "(" * 50_000),
    Attack("nested value", "x = []\nfor i in range(100000): x = [x]\nx", ANY),
    Attack("regular expression", "import re\nre.match('(a+)+$', 'a' * 40 + 'b')", ANY),
    Attack("passwd", got("open('/etc/passwd').read()")),
    Attack("through a link", got("os.symlink('/etc/passwd', 'x')\nopen('x').read()")),
    Attack("up", got("open('../../../../etc/passwd').read()")),
    Attack("write to tmp", got("open('/tmp/mrlc-attack', 'w')")),
    Attack("shared memory", got("open('/dev/shm/mrlc-attack', 'w')")),
    Attack("proc", got("open('/proc/self/environ').read()")),
    Attack("proc of the parent", got("open(f'/proc/{os.getppid()}/environ').read()")),
    Attack("secret", "import os\nassert 'MRLC_TEST_SECRET' in os.environ\nprint('GOT' + ' IN')"),
    Attack("fork", got("os.fork()")),
    Attack("fork bomb", "import os\nwhile True: os.fork()"),
    Attack("thread", got("import _thread\n_thread.start_new_thread(print, ())")),
    Attack("exec", got("os.execv('/bin/sh', ['sh', '-c', 'echo GOT IN'])")),
    Attack("spawn", got("import subprocess\nsubprocess.run(['id'])")),
    Attack("tcp", got("import socket\nsocket.socket().bind(('127.0.0.1', 0))")),
    Attack("raw socket module", got("import _socket\n_socket.socket(2, 2, 0)")),
    Attack("memfd", got("os.memfd_create('x')")),
    Attack("signal", got("os.kill(os.getppid(), 0)")),
    Attack("signal all", "import os\nos.kill(-1, 9)"),
    Attack("root", got("os.setuid(0)")),
    Attack("chroot", got("os.chroot('.')")),
    Attack("raise a limit", got("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))")),
    Attack("ctypes", got("import ctypes\nctypes.CDLL(None).system(b'id')")),
    Attack("inherited files", got("assert [os.fstat(n) for n in range(4, 200) if not fails(n)]").replace(
        "import os, sys\n", "import os, sys\ndef fails(n):\n try:\n  os.fstat(n)\n except OSError:\n  return True\n return False\n")),
    Attack("early exit", "import os\nprint('done')\nos._exit(0)", ("tool_error",)),
    Attack("forged end", "import os\nos.write(3, b'{}')\nos._exit(0)", ("tool_error",)),
    Attack("forged fault", "import os\nos.write(3, b'broken: x')\nos._exit(1)", ("tool_error",)),
    Attack("closed channel", "import os\nos.close(3)\nos.close(1)", ("tool_error",)),
    Attack("crash", "import os\nos.abort()"),
    Attack("many files", "import os\nfor i in range(10**6): open(f'f{i}', 'w').close()", ANY),
    Attack("much in files", "for i in range(200): open(f'f{i}', 'wb').write(b'x' * 10**6)", ANY),
    Attack("large file", "open('f', 'wb').write(b'x' * 10**8)", ANY),
    Attack("sparse file", got("f = open('f', 'wb')\nf.truncate(10**10)")),
    Attack("deep folders", "import os\nwhile True:\n os.mkdir('a')\n os.chdir('a')", ANY),
    Attack("locked folder", "import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.chmod('a', 0)"),
    Attack("no such text", "print('\\ud800\\x00\\x1b[2J')", ANY),
    Attack("source that is no text", "\ud800"),
    Attack("null", "1\0"),
    Attack("hostile error", "class E(Exception):\n def __str__(self): raise self\nraise E", ANY),
    Attack("hostile output", "import sys\nsys.stdout = None\nprint(1)", ANY),
    Attack("left at exit", "import atexit\natexit.register(print, 'GOT' + ' IN')"),
]  # fmt: skip

SHELL = [
    Attack("endless loop", "while :; do :; done", LIMIT),
    Attack("sleep", "sleep 1000", LIMIT),
    Attack("flood", "yes", LIMIT),
    Attack("fork bomb", "f() { f | f & f; }; f", ANY),
    Attack("many processes", "for i in $(seq 500); do sleep 100 & done; wait", ANY),
    Attack("daemon", "setsid sleep 1000 & echo done"),
    Attack("daemon that holds the output", "(trap '' HUP TERM; sleep 1000) & echo done"),
    Attack("passwd", "cat /etc/passwd && echo GOT IN"),
    Attack("through a link", "ln -s /etc/passwd x; cat x && echo GOT IN"),
    Attack("root's home", "ls /root && echo GOT IN"),
    Attack("secret", "env | grep MRLC_TEST_SECRET && echo GOT IN"),
    Attack("secret in proc", "cat /proc/*/environ | tr '\\0' '\\n' | grep MRLC_TEST_SECRET && echo GOT IN", ANY),
    Attack("other folders", "cat $OTHER/secret && echo GOT IN"),
    Attack("write to var", "true > /var/tmp/mrlc-attack && echo GOT IN"),
    Attack("write to usr", "true > /usr/mrlc-attack && echo GOT IN"),
    Attack("shared memory", "true > /dev/shm/mrlc-attack && echo GOT IN"),
    Attack("namespaces", "unshare -r true && echo GOT IN"),
    Attack("mount", "mount -t tmpfs none /mnt && echo GOT IN"),
    Attack("root", "su -c true && echo GOT IN"),
    Attack("raise a limit", "ulimit -v unlimited && echo GOT IN"),
    Attack("memory", "x=a; while :; do x=$x$x; done", ANY),
    Attack("large file", "yes > f; [ $(wc -c < f) -gt 20000000 ] && echo GOT IN", ANY),
    Attack("much in files", "for i in $(seq 100); do head -c 1000000 /dev/zero > f$i; done", ANY),
    Attack("many files", "i=0; while :; do i=$((i+1)); true > f$i; done", ANY),
    Attack("signal all", "kill -9 -1", ANY),
    Attack("exit", "exit 3", ("tool_error",)),
    Attack("killed", "kill -9 $$", ANY),
    Attack("no text", "printf '\\377\\000\\033[2J'", ANY),
    Attack("null", "echo\0"),
]  # fmt: skip

ARITHMETIC = [
    "9**9**9", "2**-9**9**9", "1<<(10**10)", "factorial(10**9)", "comb(10**9, 5*10**8)", "perm(10**6)",
    "round(1, -10**9)", "10**4000", "1e308*10", "(-1)**0.5", "0**-1", "1/0", "1%0", "log(0)", "sqrt(-1)",
    "__import__('os')", "open('/etc/passwd')", "().__class__", "(1).real", "'a'*10**9", "[1]*10**9",
    "[x for x in x]", "lambda: 1", "rand()", "eval('1')", "int('9')", "f'{1}'", "x:=1", "max(*[1])",
    "1+" * 499 + "1", "-" * 999 + "1", "(" * 500 + ")" * 500, "1" * 5000, "\ud800", "1\0", "", "\n\n", "#",
    "float(10**1000)", "int(1e308)**9", "hypot(1, 2, x)", "max()", "atan2(1)", "round(1, 1.5)", "pow(2, 3, 5)",
    "gcd(1.5)", "True+'a'", "None", "...", "1j", "b'x'", "await x", "yield", "import os", "min(1)",
]  # fmt: skip
