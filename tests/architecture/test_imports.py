"""Imports run downwards only, plugins enter by the contract, libraries have a home."""

from __future__ import annotations

import ast
from functools import cache

import grimp
import pytest

from .source import CORE, PLUGINS, Module, plugin_modules

# From the top down. What stands in one row is independent of its neighbours.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"demo"},
    {"client"},
    {"oversight", "runs"},
    {"planning"},
    {"catalogue"},
    {"ledger"},
    {"backend"},
    {"stores"},
    {"clusters"},
    {"fleet"},
    {"model"},
    {"errors", "version"},
)
OPEN_TO_PLUGINS = {"model", "backend", "stores", "clusters", "errors", "fleet"}
MAY_IMPORT_TESTING = {"testing", "demo"}
NOT_FOR_TESTING = {"cli", "demo"}

# Who may import a library. A second home would be a second way of doing the same.
HOMES = {
    "kubernetes": {"slackwater.clusters"},
    "tenacity": {"slackwater.clusters", "slackwater.stores"},
    "obstore": {"slackwater.stores"},
    "zstandard": {"slackwater.stores"},
    # fleet sees whether keys fit; testing makes some.
    "pyrage": {"slackwater.stores", "slackwater.fleet", "slackwater.testing"},
    "click": {"slackwater.cli"},
    "rich": {"slackwater.cli", "slackwater.demo"},
}

Import = tuple[str, str]


@cache
def imports() -> frozenset[Import]:
    """Every import in core and plugins, those inside functions included."""
    packages = [CORE.package, *(plugin.package for plugin in PLUGINS)]
    graph = grimp.build_graph(*packages, include_external_packages=True, cache_dir=None)
    return frozenset(
        (importer, imported)
        for importer in graph.modules
        if importer.split(".")[0] in packages
        for imported in graph.find_modules_directly_imported_by(importer)
    )


def area(module: str) -> str:
    """The part of core that a module belongs to; the package itself is its own public face."""
    return module.split(".")[1] if "." in module else "slackwater"


def is_core(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == "slackwater"


def level(name: str) -> int | None:
    return next((row for row, names in enumerate(LAYERS) if name in names), None)


def climbs(edge: Import) -> bool:
    """Whether an import inside core goes up, or sideways to an independent neighbour."""
    importer, imported = map(area, edge)
    if not all(map(is_core, edge)) or importer in ("slackwater", imported):
        return False
    if imported == "slackwater":
        return importer not in ("cli", "demo")
    if importer == "testing":
        return imported in NOT_FOR_TESTING
    if imported == "testing":
        return importer not in MAY_IMPORT_TESTING
    from_level, to_level = level(importer), level(imported)
    return from_level is None or to_level is None or to_level <= from_level


def is_emulator(module: str) -> bool:
    return module.split(".")[1:2] == ["emulator"]


def leaves_the_contract(edge: Import) -> bool:
    """Whether a plugin imports more of ours than the contract, or another plugin."""
    importer, imported = edge
    if is_core(importer) or importer.split(".")[0] == imported.split(".")[0]:
        return False
    if not is_core(imported):
        return imported.startswith("slackwater_")
    allowed = OPEN_TO_PLUGINS | ({"testing"} if is_emulator(importer) else set())
    return area(imported) not in allowed


def strays(edge: Import) -> bool:
    """Whether a library is imported outside its home."""
    importer, imported = edge
    homes = HOMES.get(imported.split(".")[0])
    return homes is not None and not Module(importer, "").lies_in(*homes)


def names_taken_from_fleet(module: Module) -> list[str]:
    return [
        alias.name
        for node in module.nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("slackwater.fleet")
        for alias in node.names
    ]


def test_imports_run_downwards():
    assert sorted(filter(climbs, imports())) == []


def test_every_part_of_core_has_its_layer():
    parts = {path.stem for path in CORE.package_folder.iterdir() if path.suffix in ("", ".py")}
    named = set.union(*LAYERS) | {"testing", "__init__", "__pycache__"}
    assert parts - named == set()


@pytest.mark.parametrize(
    "edge",
    [
        ("slackwater.model.act", "slackwater.fleet"),
        ("slackwater.errors", "slackwater.model.finding"),
        ("slackwater.runs.drive", "slackwater.oversight"),
        ("slackwater.client", "slackwater.cli.plan"),
        ("slackwater.ledger.rows", "slackwater.testing.memory"),
        ("slackwater.testing.memory", "slackwater.cli"),
        ("slackwater.planning.order", "slackwater"),
        ("slackwater.planning.order", "slackwater.nowhere"),
    ],
)
def test_an_import_that_climbs_is_seen(edge):
    assert climbs(edge)


@pytest.mark.parametrize(
    "edge",
    [
        ("slackwater.cli.plan", "slackwater.model.act"),
        ("slackwater.model.act", "slackwater.model.finding"),
        ("slackwater", "slackwater.client"),
        ("slackwater.cli.plan", "slackwater"),
        ("slackwater.demo", "slackwater.testing.memory"),
        ("slackwater.testing.memory", "slackwater.backend"),
    ],
)
def test_an_import_that_runs_downwards_is_let_through(edge):
    assert not climbs(edge)


def test_imports_inside_functions_are_seen(tmp_path, monkeypatch):
    package = tmp_path / "tiny_house"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "cellar.py").touch()
    (package / "roof.py").write_text("def look():\n    from tiny_house import cellar\n")
    monkeypatch.syspath_prepend(tmp_path)
    graph = grimp.build_graph("tiny_house", cache_dir=None)
    assert graph.direct_import_exists(importer="tiny_house.roof", imported="tiny_house.cellar")


def test_plugins_keep_to_the_contract():
    assert sorted(filter(leaves_the_contract, imports())) == []


@pytest.mark.parametrize(
    "edge",
    [
        ("slackwater_velero.backend", "slackwater.ledger"),
        ("slackwater_velero.backend", "slackwater"),
        ("slackwater_velero.backend", "slackwater.testing"),
        ("slackwater_velero.backend", "slackwater_kasten.translation"),
    ],
)
def test_a_plugin_that_reaches_further_is_seen(edge):
    assert leaves_the_contract(edge)


@pytest.mark.parametrize(
    "edge",
    [
        ("slackwater_velero.backend", "slackwater.model.act"),
        ("slackwater_velero.backend", "slackwater_velero.settings"),
        ("slackwater_velero.backend", "httpx"),
        ("slackwater_velero.emulator", "slackwater.testing.kubernetes_api"),
        ("slackwater_velero.emulator.locations", "slackwater.testing.kubernetes_api"),
    ],
)
def test_what_a_plugin_may_import_is_let_through(edge):
    assert not leaves_the_contract(edge)


def test_plugins_take_nothing_but_secret_references_from_the_fleet():
    taken = [(m.name, name) for m in plugin_modules() for name in names_taken_from_fleet(m)]
    assert [pair for pair in taken if "Secret" not in pair[1]] == []


def test_other_names_taken_from_the_fleet_are_seen():
    module = Module("slackwater_velero.settings", "from slackwater.fleet import Fleet")
    assert names_taken_from_fleet(module) == ["Fleet"]


def test_libraries_are_imported_in_their_home_only():
    assert sorted(filter(strays, imports())) == []


@pytest.mark.parametrize(
    "edge",
    [
        ("slackwater.runs.drive", "tenacity"),
        ("slackwater_velero.backend", "kubernetes"),
        ("slackwater.client", "rich.table"),
    ],
)
def test_a_library_outside_its_home_is_seen(edge):
    assert strays(edge)


def test_a_library_in_its_home_is_let_through():
    assert not strays(("slackwater.clusters.login", "kubernetes"))
