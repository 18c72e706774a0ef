"""The pages of all codes, for `mrlc explain` and for the test that proves each example.

A rule's page stands beside the rule. The pages of codes that passes raise are tables here, one
module a family. Nothing loads them but a reader.
"""

from __future__ import annotations

from functools import cache

from mrlc.compiler import rules
from mrlc.compiler.codes import CODES
from mrlc.compiler.page import Page
from mrlc.compiler.pages import expressions, files, running, schema, sweeps, yaml


@cache
def pages() -> dict[str, Page]:
    """Every page by code, in the order of codes."""
    rules.load()
    tables = (yaml, schema, expressions, files, sweeps, running)
    known = {code: page for table in tables for code, page in table.PAGES.items()} | rules.PAGES
    return {code: known[code] for code in sorted(CODES)}
