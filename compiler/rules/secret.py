"""Secrets are references, never values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mrlc.compiler.diagnostics import Span
from mrlc.compiler.rules import Edit, Finding, Subject, rule
from mrlc.compiler.shape import fields
from mrlc.compiler.tree import Keys, Node, Scalar, children
from mrlc.compiler.variables import within
from mrlc.schemas import Experiment

FORMS = {
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{40,})\b",
    "an API key": r"\bsk-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a password in an address": r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/:@{]+@",
    "a password": r"(?i:\b(?:password|passwd|pwd|secret|api_?key|access_?token)\s*=\s*"
    r"(?!env:|secretsmanager:)[^\s,;&'\"{<:]{4,})",
}
_SECRET = re.compile("|".join(f"({form})" for form in FORMS.values()))
TOKEN = "hf_" + "aB3d" * 9  # in parts, so that no scanner takes it for a real one


@rule(
    "MRLC518",
    "secret-in-clear",
    bad=(Edit("name: desk", f"name: desk\ndescription: pull with {TOKEN}"),),
    good=(Edit("name: desk", "name: desk\ndescription: pull with env:HF_TOKEN"),),
    each=tuple(fields(Experiment)),
)
def secrets_are_references(subject: Subject, section: str) -> Iterator[Finding]:
    """The spec holds what looks like a secret.

    A spec is committed, compiled into plans, copied to buckets and shown in reviews; a secret
    that was in it once is known to all who can read any of these, for good.

    Revoke it, and name it instead of writing it, as in `env:HF_TOKEN`. What was found is masked
    here.
    """
    for path, scalar in (
        text for at, node in subject.select((section,)) for text in _texts(node, at)
    ):
        match = _SECRET.search(str(scalar.value))
        if match is None:
            continue
        what = list(FORMS)[(match.lastindex or 1) - 1]
        help = "revoke it, then name it: env:NAME"
        span = masked(within(scalar, *match.span()), scalar.span)
        yield Finding(".".join(path), f"this looks like {what}", "masked", (), help, span)


def _texts(node: Node, at: Keys) -> Iterator[tuple[Keys, Scalar]]:
    if isinstance(node, Scalar):
        if isinstance(node.value, str):
            yield at, node
        return
    for key, value, _ in children(node):
        yield from _texts(value, (*at, key))


def masked(span: Span, scalar: Span) -> Span:
    """The span with its line masked: what it covers, or all of a scalar that has several lines."""
    if span == scalar and scalar.end_line != scalar.line:
        return replace(span, text="")
    text, start, end = span.text, span.column - 1, span.last_column - 1
    return replace(span, text=f"{text[:start]}{'•' * (end - start)}{text[end:]}")
