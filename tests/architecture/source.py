"""The project's own source, read as text and as syntax trees, for the rules in this folder.

Plugins are found by folder, so a new one is held to the rules without being put on a list.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One module: its dotted name, its text and its tree."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All of the tree, as ``ast.walk`` finds it."""
        return tuple(ast.walk(self.tree))

    def lies_in(self, *packages: str) -> bool:
        return any(self.name == p or self.name.startswith(f"{p}.") for p in packages)


@dataclass(frozen=True)
class Distribution:
    """A folder with a pyproject.toml and one package under ``src``."""

    folder: Path

    @property
    def project(self) -> dict:
        return tomllib.loads((self.folder / "pyproject.toml").read_text())["project"]

    @property
    def package_folder(self) -> Path:
        return next(path.parent for path in self.folder.glob("src/*/__init__.py"))

    @property
    def package(self) -> str:
        return self.package_folder.name

    def modules(self) -> Iterator[Module]:
        source = self.folder / "src"
        for path in sorted(source.rglob("*.py")):
            if "tests" in path.parent.parts[len(source.parts) :]:
                continue  # of the skeleton of a plugin
            dotted = ".".join(path.relative_to(source).with_suffix("").parts)
            yield Module(dotted.removesuffix(".__init__"), path.read_text())


CORE = Distribution(ROOT / "core")
PLUGINS = tuple(Distribution(path.parent) for path in sorted(ROOT.glob("plugins/*/pyproject.toml")))
TESTBED = Distribution(ROOT / "tests" / "testbed")


@cache
def core_modules() -> tuple[Module, ...]:
    return tuple(CORE.modules())


@cache
def plugin_modules() -> tuple[Module, ...]:
    return tuple(module for plugin in PLUGINS for module in plugin.modules())


@cache
def all_modules() -> tuple[Module, ...]:
    return (*core_modules(), *plugin_modules(), *TESTBED.modules())


def functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
