"""`mrlc explain`: the page of a code or gate, or what a field of the spec is and where its value is
from; of nothing, the list of what has a page.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mrlc.compiler import CompileFailed, compile_variants
from mrlc.compiler.codes import CODES
from mrlc.compiler.diagnostics import Diagnostic
from mrlc.compiler.example import Example, edited, write
from mrlc.compiler.explain import FieldNote, NoSuchField, ValueNote, note_of_field, note_of_value
from mrlc.compiler.page import Page
from mrlc.compiler.pages import pages
from mrlc.compiler.render import human
from mrlc.compiler.render.text import shown_file, visible
from mrlc.compiler.suggest import did_you_mean
from mrlc.error_handler import UsageFault, colour


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "what",
        nargs="?",
        metavar="CODE|PATH",
        help="as in MRLC204, unknown-key, R3 or algorithm.learning_rate; default: list every code",
    )
    parser.add_argument(
        "spec", nargs="?", type=Path, metavar="SPEC", help="the spec whose value is looked up"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="PATH=YAML",
        help="override one value of SPEC first",
    )


def run(args: argparse.Namespace) -> int:
    """Explain; exit 1 where the spec has faults, 2 for a code or path that is not known."""
    if args.spec is None and args.overrides:
        raise UsageFault("--set needs a SPEC")
    try:
        lines = _explained(args)
    except NoSuchField as error:
        raise UsageFault(str(error)) from None
    print("\n".join(lines).rstrip())
    return 0


def _explained(args: argparse.Namespace) -> Iterator[str]:
    if args.what is None:
        return _index()
    if args.spec is not None:
        return _value(note_of_value(args.what, args.spec, overrides=args.overrides))
    if (code := _code(args.what)) is not None:
        return _page(code, pages()[code])
    if (gate := _gate(args.what)) is not None:
        return gate
    if re.fullmatch(r"(?i)[a-z]*\d+", args.what) or "-" in args.what:
        raise UsageFault(_no_code(args.what))
    return _field(note_of_field(args.what))


def _index() -> Iterator[str]:
    """A line a code, then a line a gate."""
    from mrlc.runtime.gates.door import every

    for code in pages():
        yield f"{code}  {CODES[code].name}: {CODES[code].summary}"
    for gate in every():
        yield f"{gate.code:<8}  {gate.name} ({gate.kind} gate)"


def _code(what: str) -> str | None:
    """The code that is meant by a code or a code's name; None where it is neither."""
    known = {CODES[code].name: code for code in pages()}
    return known.get(what) or (what.upper() if what.upper() in CODES else None)


def _no_code(what: str) -> str:
    names = [CODES[code].name for code in pages()]
    hint = did_you_mean(what if "-" in what else what.upper(), [*names, *CODES])
    return f"unknown code `{visible(what)}`" + (f"; {hint}" if hint else "; mrlc explain lists all")


def _gate(what: str) -> Iterator[str] | None:
    """The page of a gate, by its code."""
    from mrlc.runtime.gates.door import every

    found = next((gate for gate in every() if gate.code.lower() == what.lower()), None)
    if found is None:
        return None
    bound = f"Its evidence is bound to: {', '.join(found.bound)}"
    return iter((f"{found.code}  {found.name} ({found.kind} gate)", "", found.page, "", bound))


def _page(code: str, page: Page) -> Iterator[str]:
    name, summary = CODES[code]
    yield f"{code}  {name}\n\n{summary}\n\n{page.why}"
    if page.bad is None:
        return
    yield f"\nBad:\n\n{_indented(_report(page.bad))}"
    yield "\nGood:\n"
    before = page.good or tuple(
        edit._replace(old=edit.new, new=edit.old) for edit in page.bad if edit.old
    )
    after = edited(page.good)
    for edit in before:
        if edit.new:
            place, text = edit.file, edit.excerpt(after[edit.file])
            yield f"    {place}\n{_indented(_indented(text))}\n"


def _report(example: Example) -> str:
    """The diagnostics of an example, as its author would see them."""
    with tempfile.TemporaryDirectory(prefix="mrlc-") as name:
        folder = Path(name).resolve()
        faults: tuple[Diagnostic, ...]
        try:
            faults = compile_variants(write(folder, example)).warnings
        except CompileFailed as error:
            faults = error.diagnostics
        return human.render(faults, base=folder, colour=colour(sys.stdout)).rstrip()


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))


def _value(note: ValueNote) -> Iterator[str]:
    yield f"{note.path} = {visible(note.value)}"
    if note.span is None:
        yield "  from the default; the spec does not give it"
    else:
        span = note.span
        place = f"{shown_file(span.file, Path.cwd())}:{span.line}:{span.column}"
        yield f"  from the {note.origin}, {place}\n    {visible(span.text.strip())}"
    yield ""
    yield from _about(note.field)


def _field(note: FieldNote) -> Iterator[str]:
    yield note.path
    yield ""
    yield from _about(note)


def _about(note: FieldNote) -> Iterator[str]:
    if note.description:
        yield note.description
    need = f"default {note.default}" if note.default else "required"
    yield note.form if note.is_item else f"{note.form}; {need}"
    if note.names:
        yield f"{'each holds' if note.is_each else 'holds'} {', '.join(note.names)}"
