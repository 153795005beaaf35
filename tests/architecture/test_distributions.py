"""Every distribution is complete, and every plugin is made like the others."""

from __future__ import annotations

import pytest

from .source import CORE, PLUGINS, TESTBED, Distribution

# The same in every plugin: read one, know all.
FILES_OF_A_PLUGIN = ("plugin.py", "settings.py", "backend.py", "translation.py", "errors.py")


def missing(plugin: Distribution) -> list[str]:
    wanted = [plugin.package_folder / name for name in FILES_OF_A_PLUGIN]
    wanted += [plugin.folder / "README.md", plugin.folder / "tests" / "test_conformance.py"]
    return [str(path.relative_to(plugin.folder)) for path in wanted if not path.is_file()]


@pytest.mark.parametrize("distribution", [CORE, *PLUGINS, TESTBED], ids=lambda d: d.package)
def test_a_distribution_says_that_it_is_typed(distribution):
    assert (distribution.package_folder / "py.typed").is_file()


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda d: d.package)
def test_a_plugin_has_the_files_that_every_plugin_has(plugin):
    assert missing(plugin) == []


def test_a_plugin_without_the_conformance_suite_is_seen(tmp_path):
    package = tmp_path / "src" / "slackwater_tiny"
    package.mkdir(parents=True)
    for name in ("__init__.py", *FILES_OF_A_PLUGIN):
        (package / name).touch()
    (tmp_path / "README.md").touch()
    assert missing(Distribution(tmp_path)) == ["tests/test_conformance.py"]


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda d: d.package)
def test_a_plugin_is_an_extra_of_core_and_shares_its_version(plugin):
    extras = CORE.project["optional-dependencies"]
    name, version = plugin.project["name"], CORE.project["version"]
    assert extras[plugin.folder.name] == [name]
    assert name in extras["all"]
    assert plugin.project["version"] == version
    assert f"slackwater=={version}" in plugin.project["dependencies"]
