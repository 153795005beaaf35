"""What is built, when it must be built again, and what is said when it can't be."""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
from pathlib import Path

import pytest

from slackwater_testbed import __main__ as command_line
from slackwater_testbed import building, engines
from slackwater_testbed.building import is_new_enough
from slackwater_testbed.engines import FAMILIES, Family
from slackwater_testbed.errors import BuildFailed, EngineMissing, TestbedError

GO = """#!{python}
import pathlib, sys
if sys.argv[1] == "env":
    print("{version}")
elif sys.argv[1] == "list":
    print(pathlib.Path("module").absolute())
else:
    target = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
    print("building", sys.argv[-1])
    {then}
"""
WRITES = "target.parent.mkdir(parents=True, exist_ok=True); target.touch()"
BREAKS = "print('pkg/x.go:3:1: undefined: y'); sys.exit(2)"


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Family:
    """The only family there is: two engines, not built, in folders of the test's own."""
    monkeypatch.setattr(engines, "SOURCES", tmp_path / "sources")
    monkeypatch.setenv(engines.CACHE_VARIABLE, str(tmp_path / "cache"))
    made = Family("tools", {"tool": "example.org/tool", "plugins/other": "example.org/other"})
    made.source.mkdir(parents=True)
    (made.source / "go.mod").write_text("module tools")
    monkeypatch.setattr(engines, "FAMILIES", (made,))
    return made


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH, empty."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install_go(folder: Path, then: str = WRITES, version: str = "go1.26.8") -> None:
    file = folder / "go"
    file.write_text(GO.format(python=sys.executable, version=version, then=then))
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize("name", engines.HASHED_FILES)
def test_every_source_file_changes_the_fingerprint(family: Family, name: str) -> None:
    before = family.fingerprint
    (family.source / name).write_text("something else")
    assert family.fingerprint != before


def test_every_go_file_beside_it_changes_the_fingerprint(family: Family) -> None:
    before = family.fingerprint
    (family.source / "more.go").write_text("package main")
    assert family.fingerprint != before


def test_files_that_a_module_brings_along_are_in_the_build(
    family: Family, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = family.source / "module"
    (module / "crds").mkdir(parents=True)
    (module / "crds" / "one.yaml").write_text("kind: One")
    (module / "crds" / "one.yaml").chmod(0o444)
    with_files = Family(family.name, family.packages, files={"all": ("example.org/m", "crds")})
    monkeypatch.setattr(engines, "FAMILIES", (with_files,))
    install_go(path)

    building.build()

    copied = engines.built_file("tools", "all") / "one.yaml"
    assert copied.read_text() == "kind: One"
    assert os.access(copied, os.W_OK)


def test_version_stamps_and_packages_change_the_fingerprint(family: Family) -> None:
    stamped = Family(family.name, family.packages, {"main.version": "2"})
    fewer = Family(family.name, {"tool": "example.org/tool"})
    assert len({family.fingerprint, stamped.fingerprint, fewer.fingerprint}) == 3


@pytest.mark.parametrize("real", FAMILIES, ids=lambda each: each.name)
def test_every_package_is_provided_by_the_familys_modules(real: Family) -> None:
    modules = (real.source / "go.mod").read_text()
    assert (real.source / "go.sum").exists()
    required = re.findall(r"^\t(\S+) v", modules, re.MULTILINE)
    for package in set(real.packages.values()) - {"."}:
        named = f"{package}\n" in modules  # as a tool
        assert named or any(package.startswith(f"{each}/") for each in required)


def test_build_makes_all_engines_and_tells_how_far_it_is(family: Family, path: Path) -> None:
    install_go(path)
    said: list[str] = []
    building.build(say=said.append)
    assert engines.missing() == []
    assert engines.binary("other") == family.folder / "bin" / "plugins" / "other"
    assert said[0] == "engines 1 of 1: tools: tool …"
    assert said[-1].startswith("engines 1 of 1: tools: built in")


def test_what_is_built_is_not_built_again(family: Family, path: Path) -> None:
    install_go(path)
    building.build()
    (path / "go").unlink()
    building.build()
    assert family.built


def test_two_builders_build_once(family: Family, path: Path) -> None:
    install_go(path, then=f"import time; time.sleep(0.1); {WRITES}")
    said: list[str] = []
    builders = [threading.Thread(target=building.build, args=((), said.append)) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert sum("built in" in line for line in said) == 1


def test_failed_build_shows_the_end_of_its_log_and_leaves_nothing(
    family: Family, path: Path
) -> None:
    install_go(path, then=BREAKS)
    with pytest.raises(BuildFailed, match="undefined: y"):
        building.build()
    assert not family.folder.exists()
    assert engines.missing() == ["tools/tool", "tools/other"]


@pytest.mark.usefixtures("family", "path")
def test_absent_go_is_told_with_the_way_out() -> None:
    with pytest.raises(BuildFailed, match=r"no `go` on the PATH.*1\.26"):
        building.build()


@pytest.mark.usefixtures("family")
def test_old_go_is_told_with_its_version(path: Path) -> None:
    install_go(path, version="go1.24.1")
    with pytest.raises(BuildFailed, match=r"go1\.24\.1, too old"):
        building.build()


@pytest.mark.parametrize(
    ("version", "enough"),
    [("go1.26.0", True), ("go1.27rc1", True), ("go2.0", True), ("go1.25.9", False), ("", False)],
)
def test_versions_of_go_are_told_apart(version: str, enough: bool) -> None:
    assert is_new_enough(version) is enough


@pytest.mark.usefixtures("family")
def test_engine_that_is_not_built_is_named_with_the_way_out() -> None:
    with pytest.raises(EngineMissing, match="slackwater_testbed build"):
        engines.binary("tool")


@pytest.mark.usefixtures("family")
def test_unknown_family_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TestbedError, match="no family toolz; there are tools"):
        engines.missing(["toolz"])


@pytest.mark.usefixtures("family")
def test_missing_prints_the_engines_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], path: Path
) -> None:
    assert command_line.main(["missing"]) == 1
    assert capsys.readouterr().out == "tools/tool\ntools/other\n"
    install_go(path)
    assert command_line.main(["build"]) == 0
    assert command_line.main(["missing"]) == 0


def test_cache_is_outside_of_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(engines.CACHE_VARIABLE, raising=False)
    assert not engines.cache().is_relative_to(engines.SOURCES.parents[2])
    assert os.fspath(engines.cache()).endswith("testbed")
