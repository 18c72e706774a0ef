"""Paths that a sweep may vary: values that the spec has, or that its schema knows."""

from __future__ import annotations

from mrlc.compiler.diagnostics import Diagnostic, Span
from mrlc.compiler.shape import fields, section_at
from mrlc.compiler.suggest import did_you_mean, nearest
from mrlc.compiler.tree import Mapping, Node, Scalar, Sequence

FIXED = {
    "mrlc": "the language is the same for all variants",
    "name": "a variant is named after its values; a name of your own goes under `variants`",
    "sweep": "a sweep does not vary itself",
    "extends": "a spec is built on its bases before it is swept",
}
"""What cannot be swept, and what to do instead."""
UNKNOWN = "unknown path"


def path_fault(path: str, span: Span, tree: Mapping) -> Diagnostic | None:
    """Why a path cannot be swept, or None. `tree` is the merged spec."""
    keys = path.split(".")
    if keys[0] in FIXED:
        message = f"`{keys[0]}` cannot be swept"
        return Diagnostic("MRLC402", message, span, help=FIXED[keys[0]], path=path)
    if keys == ["vars"]:
        help = "sweep one variable, as in `vars.name`"
        return Diagnostic("MRLC402", "`vars` is not a value", span, help=help, path=path)
    node: Node | None = tree
    for depth, key in enumerate(keys):
        reason = _step_fault(node, keys[:depth], key, tree)
        if reason is not None:
            where = f"`{'.'.join(keys[:depth])}`" if depth else "a spec"
            label = f"not a field of {where}" if reason[0].startswith(UNKNOWN) else ""
            return Diagnostic("MRLC401", reason[0], span, label, help=reason[1], path=path)
        node = _below(node, key)
    return None


def _below(node: Node | None, key: str) -> Node | None:
    if isinstance(node, Sequence):
        return node.items[int(key)]
    entry = node.entries.get(key) if isinstance(node, Mapping) else None
    return entry.value if entry else None


def _step_fault(
    node: Node | None, above: list[str], key: str, tree: Mapping
) -> tuple[str, str | None] | None:
    """Why no value lies under `key`: a sentence and a help line."""
    dotted = ".".join((*above, key))
    if isinstance(node, Sequence):
        last = len(node.items) - 1
        if not (key.isascii() and key.isdigit() and int(key) <= last):
            return f"`{'.'.join(above)}` is a list; `{key}` is not an index from 0 to {last}", None
        return None
    if isinstance(node, Scalar) and node.value is not None:
        return f"`{'.'.join(above)}` is a single value; nothing lies below it", None
    if isinstance(node, Mapping) and key in node.entries:
        return None
    if above[:1] == ["vars"]:
        known = node.entries if isinstance(node, Mapping) else {}
        return f"no variable `{dotted}`", did_you_mean(key, known) or "define it under `vars`"
    section = section_at(tuple(int(part) if part.isdigit() else part for part in above))
    if section is None or key in fields(section):
        return None
    names = {*fields(section), *(("vars",) if not above else ())}
    if not above and "vars" in tree.entries:
        variables = _below(tree, "vars")
        if isinstance(variables, Mapping) and key in variables.entries:
            return f"no section `{key}`", f"write `vars.{key}`"
    near = nearest(key, names)
    prefix = "".join(f"{part}." for part in above)
    help = f"did you mean `{prefix}{near}`?" if near else did_you_mean(key, names)
    listed = f"mrlc explain {'.'.join(above)} lists its fields"
    return f"{UNKNOWN} `{dotted}`", help or (
        listed if above else "mrlc schema prints every section"
    )
