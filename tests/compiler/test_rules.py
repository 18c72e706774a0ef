"""Every code has a page, and every page's examples are true."""

from __future__ import annotations

import re

import pytest

from mrlc.compiler import CompileFailed, compile_variants
from mrlc.compiler.codes import CODES
from mrlc.compiler.example import write
from mrlc.compiler.pages import pages

PAGES = pages()
NO_EXAMPLE = {"MRLC101", "MRLC307", "MRLC340", "MRLC390", "MRLC391", "MRLC901"}
NO_EXAMPLE |= {"MRLC407", "MRLC601", "MRLC602", "MRLC603", "MRLC604"}  # of size, lock or folder
"""Codes of what no spec's text can show."""


def codes(folder, edits):
    """The codes that an example raises, and their severities."""
    try:
        found = compile_variants(write(folder.resolve(), edits)).warnings
    except CompileFailed as error:
        found = error.diagnostics
    return {fault.code for fault in found}


def test_the_example_project_compiles_without_a_word(tmp_path):
    assert codes(tmp_path, ()) == set()


@pytest.mark.parametrize("code", [code for code in PAGES if PAGES[code].bad is not None])
def test_bad_example_raises_its_code_alone(tmp_path, code):
    assert codes(tmp_path, PAGES[code].bad) == {code}


@pytest.mark.parametrize("code", [code for code in PAGES if PAGES[code].good])
def test_good_example_raises_nothing(tmp_path, code):
    assert codes(tmp_path, PAGES[code].good) == set()


def test_every_code_has_a_page():
    assert set(PAGES) == set(CODES)
    assert {code for code in PAGES if PAGES[code].bad is None} == NO_EXAMPLE


@pytest.mark.parametrize("code", PAGES)
def test_page_reads_well(code):
    name, summary = CODES[code]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert summary.endswith(".")
    assert len(PAGES[code].why.split("\n\n")) >= 2, "say the harm, then what to write"


def test_names_differ():
    names = [code.name for code in CODES.values()]
    assert len(set(names)) == len(names)
