"""The wheel holds every package: package-dir needs them listed by hand."""

from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
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
