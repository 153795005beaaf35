"""Files and functions stay short, say what they return, and tell a reader what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from .source import Module, all_modules, functions

LONGEST_FILE = 400
LONGEST_FUNCTION = 60

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def too_long(module: Module) -> list[str]:
    found = [
        f"{module.name}.{function.name}"
        for function in functions(module)
        if (function.end_lineno or 0) - function.lineno + 1 > LONGEST_FUNCTION
    ]
    return found + ([module.name] if module.text.count("\n") > LONGEST_FILE else [])


def unannotated(module: Module) -> list[str]:
    return [f"{module.name}.{f.name}" for f in functions(module) if f.returns is None]


def public(body: list[ast.stmt]) -> Iterator[Definition]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body)


def is_described_elsewhere(node: Definition) -> bool:
    """Overrides and overloads are described where they come from."""
    names = {getattr(d, "id", getattr(d, "attr", "")) for d in node.decorator_list}
    return bool(names & {"override", "overload", "setter"})


def undescribed(module: Module) -> list[str]:
    nodes = [node for node in public(module.tree.body) if not is_described_elsewhere(node)]
    found = [f"{module.name}.{node.name}" for node in nodes if not ast.get_docstring(node)]
    return found + ([] if ast.get_docstring(module.tree) else [module.name])


@pytest.mark.parametrize("rule", [too_long, unannotated, undescribed])
def test_source_keeps_its_shape(rule):
    assert [found for module in all_modules() for found in rule(module)] == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (too_long, "x = 1\n" * 401),
        (too_long, "def f():\n" + "    x = 1\n" * 60),
        (unannotated, "def f(x: int): ..."),
        (unannotated, "class A:\n    async def f(self): ..."),
        (undescribed, "x = 1"),
        (undescribed, '"""A module."""\n\ndef f(): ...'),
        (undescribed, '"""A module."""\n\nclass A:\n    "A."\n    def f(self): ...'),
    ],
)
def test_source_out_of_shape_is_seen(rule, text):
    assert rule(Module("slackwater.tiny", text))


@pytest.mark.parametrize(
    "text",
    [
        '"""A module."""\n\ndef _f() -> None: ...',
        '"""A module."""\n\nclass A:\n    "A."\n    @override\n    def f(self) -> None: ...',
    ],
)
def test_source_in_shape_is_let_through(text):
    module = Module("slackwater.tiny", text)
    assert [*too_long(module), *unannotated(module), *undescribed(module)] == []
