"""No dead keys: every field of a spec is read by something that is not the schema.

The sources are read as syntax trees. `x.field` counts for a section if `x` is known to be one:
a parameter or variable annotated with it, a chain of fields that leads to it, or a name bound
to such a chain by an assignment or a loop. A name that only one section has counts wherever it
is read. A property of a section counts as a reader of the fields in it if somebody reads the
property.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from mrlc.schemas import Experiment
from mrlc.schemas.section import Section

ROOT = Path(__file__).parents[1]
PACKAGES = ("compiler", "runtime", "src/mrlc/commands")

NOT_READ = {
    "Experiment.mrlc": "the version of the language; its one value is checked by the schema",
    "Experiment.description": "for people",
    "Value.description": "Tool.json_schema dumps the whole value; the model is shown it",
    "Value.enum": "Tool.json_schema dumps it; runtime's signatures read it as `limits.enum`",
    "Reward.diverges_because": "for reviewers; the rule that asks for it reads it",
    "Act.per": "schemas.components.pays_by_turn reads it of every kind that has it",
    "Algorithm.kind": "one value; chooses among algorithms once there are two",
}
"""Fields that may be unread, each with its reason."""


def sections(model: type[BaseModel] = Experiment) -> Iterator[type[BaseModel]]:
    """Every section of a spec, by walking the models."""
    yield from bases(model)
    for field in model.model_fields.values():
        for inner in held(field.annotation):
            yield from sections(inner)


def bases(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A section and those that it inherits fields from."""
    return [one for one in model.__mro__ if issubclass(one, Section) and one is not Section]


def owner(section: str, name: str) -> str:
    """A field under the section that declares it."""
    declaring = [one.__name__ for one in bases(SECTIONS[section]) if name in one.__annotations__]
    return f"{declaring[0] if declaring else section}.{name}"


def held(annotation: Any) -> list[type[BaseModel]]:
    """The sections in a type: through options, unions, tuples and dictionaries."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in held(argument)]


SECTIONS = {model.__name__: model for model in sections()}
HOLDS = {
    name: tuple(inner.__name__ for inner in held(field.annotation))
    for model in SECTIONS.values()
    for name, field in model.model_fields.items()
    if held(field.annotation)
}
"""Field name → the sections that it may hold; fields of one name hold the same."""
HOLDS["experiment"] = ("Experiment",)
OWNERS = defaultdict(set)
for _model in SECTIONS.values():
    for _name in _model.model_fields.keys() & _model.__annotations__.keys():
        OWNERS[_name].add(_model.__name__)


class Reads(ast.NodeVisitor):
    """The fields and properties that a module reads, as `Section.name` and as bare names."""

    def __init__(self) -> None:
        self.typed: set[str] = set()
        self.names: set[str] = set()
        self.texts: set[str] = set()
        self.bound: dict[str, tuple[str, ...]] = {}

    def kinds(self, node: ast.AST | None) -> tuple[str, ...]:
        """The sections that an expression may be."""
        if isinstance(node, ast.Name):
            return self.bound.get(node.id) or HOLDS.get(node.id, ())
        if isinstance(node, ast.Attribute):
            return HOLDS.get(node.attr, ()) or self.bound.get(node.attr, ())
        if isinstance(node, ast.Subscript | ast.Starred):
            return self.kinds(node.value)
        if isinstance(node, ast.BoolOp):
            return next((found for one in node.values if (found := self.kinds(one))), ())
        if isinstance(node, ast.Call):  # enumerate(x), x.items(), x.values()
            inner = node.func.value if isinstance(node.func, ast.Attribute) else None
            return next((f for one in (inner, *node.args) if (f := self.kinds(one))), ())
        return ()

    def bind(self, target: ast.AST, kinds: tuple[str, ...]) -> None:
        for name in ast.walk(target):
            if isinstance(name, ast.Name) and kinds:
                self.bound[name.id] = kinds

    def visit_arg(self, node: ast.arg) -> None:
        self.annotated(node.arg, node.annotation)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        target = node.target
        name = target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
        self.annotated(name, node.annotation)
        self.generic_visit(node)

    def annotated(self, name: str, annotation: ast.AST | None) -> None:
        found = [
            part.id
            for part in ast.walk(annotation or ast.Pass())
            if isinstance(part, ast.Name) and part.id in SECTIONS
        ]
        if found:
            self.bound[name] = tuple(found)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self.bind(target, self.kinds(node.value))
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self.bind(node.target, self.kinds(node.iter))
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.bind(node.target, self.kinds(node.iter))
        self.generic_visit(node)

    def visit_ListComp(self, node: Any) -> None:
        for generator in node.generators:  # bind first: the element comes before its loop
            self.visit(generator)
        self.generic_visit(node)

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self.names.add(node.attr)
            self.typed |= {f"{kind}.{node.attr}" for kind in self.kinds(node.value)}
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """`getattr(tool, kind)` reads whatever fields are named in strings somewhere."""
        if isinstance(node.func, ast.Name) and node.func.id == "getattr":
            for kind in self.kinds(node.args[0]):
                self.typed.add(f"{kind}.*")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.add(node.value)


def read() -> tuple[set[str], set[str]]:
    """`Section.name` and bare names that compiler, runtime and commands read."""
    typed, names, texts = set[str](), set[str](), set[str]()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            reads = Reads()
            reads.visit(ast.parse(path.read_text(encoding="utf-8")))
            typed |= reads.typed
            names |= reads.names
            texts |= reads.texts
    by_string = {
        one.removesuffix("*") + text for one in typed if one.endswith("*") for text in texts
    }
    return {owner(*one.split(".", 1)) for one in typed | by_string}, names


def own_properties() -> dict[str, set[str]]:
    """Property → the fields of its section that it reads, as `Section.name`."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "schemas").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for method in getattr(node, "body", ()):
                if isinstance(node, ast.ClassDef) and isinstance(method, ast.FunctionDef):
                    decorators = [one for one in method.decorator_list if isinstance(one, ast.Name)]
                    if any(one.id == "property" for one in decorators):
                        reads = Reads()
                        reads.bound["self"] = (node.name,)
                        reads.visit(method)
                        found[f"{node.name}.{method.name}"] = reads.typed
    return found


@pytest.fixture(scope="module")
def is_read():
    typed, names = read()
    for owner, inner in own_properties().items():
        if owner in typed or owner.partition(".")[2] in names:
            typed |= inner

    def of(section: str, name: str) -> bool:
        if f"{section}.{name}" in typed:
            return True
        return len(OWNERS[name]) == 1 and name in names

    return of


FIELDS = [
    (section, name)
    for section, model in SECTIONS.items()
    for name in model.model_fields
    if name in model.__annotations__
]


@pytest.mark.parametrize(("section", "name"), FIELDS, ids=[f"{s}.{n}" for s, n in FIELDS])
def test_field_is_read(is_read, section, name):
    if f"{section}.{name}" not in NOT_READ:
        assert is_read(section, name), f"nothing reads `{section}.{name}`; remove it, or read it"


def test_a_dead_key_is_found(is_read):
    """The method itself: a name that is nowhere, and one that only another section's reader has."""
    assert not is_read("Turns", "colour")
    OWNERS["demonstrations_"] = {"A", "B"}
    assert not is_read("A", "demonstrations_")


def test_reasons_are_for_fields_that_exist():
    known = {f"{section}.{name}" for section, name in FIELDS}
    assert NOT_READ.keys() <= known
