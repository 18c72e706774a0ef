"""Python references: the file parses and defines the name. Nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from mrlc.compiler.diagnostics import Diagnostic, Fix, Span
from mrlc.compiler.files import InputFile
from mrlc.compiler.markers import marked
from mrlc.compiler.rules import Subject, check
from mrlc.compiler.suggest import nearest
from mrlc.compiler.tree import Scalar
from mrlc.schemas.section import CodeMarker


@check
def references_are_defined(subject: Subject) -> Iterator[Diagnostic]:
    modules: dict[str, ast.Module | None] = {}
    for pattern, marker in marked():
        if not isinstance(marker, CodeMarker):
            continue
        for path, node in subject.select(pattern):
            if isinstance(node, Scalar) and isinstance(node.value, str):
                key, _, name = node.value.partition(":")
                if not name or key not in subject.files:
                    continue  # its path or its form is at fault
                dotted = ".".join(path)
                if key not in modules:
                    modules[key], fault = _parsed(subject.files[key], dotted)
                    yield from fault
                if (module := modules[key]) is not None:
                    yield from _reference(key, module, name, node, dotted)


def _parsed(file: InputFile, path: str) -> tuple[ast.Module | None, list[Diagnostic]]:
    """The syntax tree of a file, or why there is none."""
    if isinstance(found := file.module, ast.Module):
        return found, []
    message = f"broken Python: {_reason(found)}"
    return None, [Diagnostic("MRLC335", message, _place(file, found), path=path)]


def _reference(
    key: str, module: ast.Module, name: str, scalar: Scalar, path: str
) -> Iterator[Diagnostic]:
    names = set(_defined(module))
    if name not in names:
        near = nearest(name, names)
        help = f"did you mean `{near}`?" if near else "define it at the top of the file"
        message = f"`{key}` does not define `{name}`"
        fix = Fix.at(_after_colon(scalar.span, name), name, near) if near else None
        yield Diagnostic("MRLC335", message, scalar.span, help=help, path=path, fix=fix)


def _after_colon(span: Span, name: str) -> Span:
    """The name in `file.py:name` as written, which the span holds with or without quotes."""
    column = span.text.rfind(f":{name}", span.column - 1, span.last_column - 1) + 2
    return replace(span, column=column, end_line=span.line, end_column=column + len(name))


def _defined(module: ast.Module) -> Iterator[str]:
    """Functions, classes, assignments and imports at the top of a module, or under `if` and `try`."""
    for node in _statements(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _statements(block: ast.AST) -> Iterator[ast.AST]:
    """Those that run when the module is loaded."""
    for node in ast.iter_child_nodes(block):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from _statements(node)


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError | MemoryError):  # the parser's stack, not the machine's
        return "it is nested too deeply"
    return error.msg if isinstance(error, SyntaxError) else str(error)


def _place(file: InputFile, error: Exception) -> Span:
    lines = file.text.split("\n")
    line = min((isinstance(error, SyntaxError) and error.lineno) or 1, len(lines))
    column = (isinstance(error, SyntaxError) and error.offset) or 1
    return Span(str(file.path), line, column, line, column + 1, lines[line - 1].rstrip("\r"))
