"""The wheel holds every package: package-dir needs them listed by hand."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from mrlc.error_handler import EXTRAS

ROOT = Path(__file__).parents[1]
ALWAYS = {
    "mrlc", "pydantic", "pydantic_core", "ruamel", "jinja2", "rich", "simpleeval", "regex", "boto3",
    "botocore", "jsonschema", "referencing",
}  # fmt: skip
"""What an installation without extras has."""
SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def packages() -> set[str]:
    """Every folder with modules, by import name."""
    found = {"mrlc", "mrlc.commands"}
    for top in ("compiler", "runtime", "schemas"):
        for module in (ROOT / top).rglob("*.py"):
            found.add(".".join(("mrlc", *module.parent.relative_to(ROOT).parts)))
    return found


def test_package_list_is_complete():
    assert set(SETUP["packages"]) == packages()


def test_every_package_has_an_init():
    for name in packages():
        parts = name.split(".")[1:]
        folder = ROOT / "src/mrlc" if not parts or parts == ["commands"] else ROOT
        if folder == ROOT:
            folder = folder.joinpath(*parts)
        elif parts:
            folder = folder / "commands"
        assert (folder / "__init__.py").is_file(), name


@pytest.mark.parametrize("name", ["compiler", "runtime", "schemas"])
def test_links_for_static_tools(name):
    link = ROOT / "src/mrlc" / name
    assert link.is_symlink()
    assert link.resolve() == ROOT / name
    assert SETUP["package-dir"][f"mrlc.{name}"] == name


def test_version_is_the_same_everywhere():
    import mrlc

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert mrlc.__version__ == project["version"]
    assert find_spec("mrlc.cli") is not None


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level names of what a module imports anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_whoever_lacks_a_package_is_told_its_extra():
    folders = [ROOT / name for name in ("compiler", "runtime", "schemas", "src/mrlc/commands")]
    found = {
        name
        for folder in folders
        for module in folder.rglob("*.py")
        for name in imported(ast.parse(module.read_text()))
    }
    brought = {"_typeshed", "tokenizers"}  # the one for types alone, the other by transformers
    assert found - ALWAYS - brought - EXTRAS.keys() - sys.stdlib_module_names == set()
