"""Mutations of the files of a project: what people, editors and attackers do to them.

A mutation is a function of a random source and a text to another text. Each is small; a case
applies one to three of them. The same seed gives the same case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, str], str]

WORDS = (
    *("", "null", "~", "true", "NO", "0", "-1", "1e999", "5e12345", "9" * 5000, "0x1F", "08"),
    *(".nan", "-.inf", "12:30", "2026-01-01", '"', "'", "{", "[", "}", "]", "- ", ": ", "#", "%"),
    *("*a", "&a x", "!!python/object:os.system x", "!!int x", "<<", "|", ">-", "@x", "`x`", "? x"),
    *("{{ vars.x }}", "{{", "}}", "{{ 9**9**9 }}", "{{ 'a' * 10**9 }}", "{% for x in y %}"),
    *("{{ task }}", "{{ task.__class__ }}", "{{ ''.__class__.__mro__ }}", "{# x #}", "{{ x|f }}"),
    *("{{ '%999999999d'|format(1) }}", "{{ [[[[1]]]] }}", "{{ {1: 2} }}", "{{ -}}", "{{- 1 -}}"),
    *("../../../etc/passwd", "/etc/passwd", "/dev/zero", "data", ".", "..", "~/x", "a\0b", "\x1b"),
    *("é", "自転車", "🚲", "\u202e", "\ufeff", "\u2028", "\x85", "\ud800", "İ", "ß", "x" * 300),
    *("SELECT 1", "DROP TABLE visits", ":x", "rewards.py:nothing", "rewards.py:", "x.py:y"),
)
KEYS = re.compile(r"[\w-]{1,40}(?=:)")
VALUES = re.compile(r"(?<=: )[^\s{}\[\],][^\n{}\[\],]*")


def word(random: Random, text: str) -> str:
    """Put something hostile anywhere."""
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(WORDS) + text[at:]


def value(random: Random, text: str) -> str:
    """Replace a value."""
    return _replace(random, text, VALUES, random.choice(WORDS))


def key(random: Random, text: str) -> str:
    """Replace a key, by another of the file or by something hostile."""
    keys = KEYS.findall(text) or [""]
    return _replace(random, text, KEYS, random.choice([random.choice(keys), random.choice(WORDS)]))


def misspell(random: Random, text: str) -> str:
    """Drop, double or swap a letter of a key or value."""
    found = [match.span() for match in re.finditer(r"\w{3,}", text)]
    if not found:
        return text
    start, end = random.choice(found)
    at = random.randrange(start, end - 1)
    a, b = text[at], text[at + 1]
    return text[:at] + random.choice(["", a + a + b, b + a]) + text[at + 2 :]


def truncate(random: Random, text: str) -> str:
    """Keep the beginning, or the end."""
    at = random.randrange(len(text) + 1)
    return random.choice([text[:at], text[at:]])


def line(random: Random, text: str) -> str:
    """Drop, double or move a line, or change its indentation."""
    lines = text.split("\n")
    at, to = random.randrange(len(lines)), random.randrange(len(lines))
    taken = lines.pop(at)
    again = random.choice([[], [taken, taken], [" " + taken], ["\t" + taken], [taken.strip()]])
    if random.random() < 0.3:
        lines[to:to] = [taken]
    else:
        lines[at:at] = again
    return "\n".join(lines)


def ends(random: Random, text: str) -> str:
    """Other ends of lines, a byte order mark, tabs."""
    return random.choice(
        [
            text.replace("\n", "\r\n"),
            text.replace("\n", "\r"),
            text.replace("\n", "\u2028"),
            "\ufeff" + text,
            text.replace("  ", "\t"),
            text.replace("\n", "\t\n"),
        ]
    )


def deep(random: Random, text: str) -> str:
    """Nest a value deeply."""
    depth = random.choice([10, 63, 65, 500, 20_000])
    opening, closing = random.choice(
        [("[", "]"), ("{a: ", "}"), ("- ", ""), ("{{ (", ")"), ("(", ")")]
    )
    return _replace(random, text, VALUES, opening * depth + "1" + closing * depth)


def anchors(random: Random, text: str) -> str:
    """Aliases in a row that double, or nine-fold, what they stand for."""
    fan, levels = random.choice([(9, 9), (2, 40), (50, 4)])
    rows = ["b0: &b0 [x]"]
    rows += [f"b{i}: &b{i} [{', '.join([f'*b{i - 1}'] * fan)}]" for i in range(1, levels)]
    bomb = "\n".join(rows) + "\n"
    if random.random() < 0.5:
        bomb = "vars:\n" + "".join(f"  {row}\n" for row in rows)
    return random.choice([text + bomb, bomb + text])


def variables(random: Random, text: str) -> str:
    """Variables that grow, circle, or stand on each other."""
    size = random.choice([3, 30, 300])
    rows = [
        random.choice(
            [
                f'v{i}: "{{{{ vars.v{i - 1} }}}}{{{{ vars.v{i - 1} }}}}"',
                f'v{i}: "{{{{ vars.v{random.randrange(size)} }}}}"',
                f'v{i}: ["{{{{ vars.v{i - 1} }}}}", "{{{{ vars.v{i - 1} }}}}"]',
            ]
        )
        for i in range(1, size)
    ]
    return text + "vars:\n  v0: xxxxxxxx\n" + "".join(f"  {row}\n" for row in rows)


def large(random: Random, text: str) -> str:
    """Very many of one thing."""
    many = random.choice([1000, 40_000])
    filler = random.choice(["x", "x: 1\n", "- x\n", "[],", "{a: 1}", "🚲", "\n", "#", "a b "])
    at = random.randrange(len(text) + 1)
    return text[:at] + filler * many + text[at:]


def extends(random: Random, text: str) -> str:
    """Bases that circle, are missing, or lie elsewhere."""
    target = random.choice(
        [
            "desk.yaml",
            "../pyproject.toml",
            "../../../../etc/passwd",
            "/dev/zero",
            "data",
            "shop.sql",
            "''",
        ]
    )
    return text + f"extends: [{', '.join([target] * random.choice([1, 3, 100]))}]\n"


def letters(random: Random, text: str) -> str:
    """Change some letters to any others."""
    found = list(text)
    for _ in range(random.choice([1, 5, 50]) if found else 0):
        found[random.randrange(len(found))] = chr(
            random.choice([random.randrange(128), 0xFFFD, 0x1F6B2])
        )
    return "".join(found)


MUTATIONS: tuple[Mutation, ...] = (
    *(word, value, value, key, key, misspell, misspell, truncate, line, line, ends),
    *(deep, anchors, variables, large, extends, letters),
)


def _replace(random: Random, text: str, pattern: re.Pattern[str], new: str) -> str:
    found = [match.span() for match in pattern.finditer(text)]
    if not found:
        return text + new
    start, end = random.choice(found)
    return text[:start] + new + text[end:]
