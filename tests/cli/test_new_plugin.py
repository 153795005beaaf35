"""A new plugin passes the kit as it is written, by declaring what it cannot do yet."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slackwater.cli.app import run
from slackwater.cli.new_plugin import SKELETON, new_plugin
from slackwater.model.capability import Capability
from slackwater.testing.conformance.suite import BackendConformance, promises
from slackwater.testing.distributions import make_distribution
from slackwater.version import VERSION

ROOT = Path(__file__).parents[2]
LONGEST = "abcdefghijklmnopqrstuvwx"


@pytest.fixture
def skeleton(monkeypatch):
    """The backend's module, as it lies here."""
    monkeypatch.syspath_prepend(str(SKELETON / "src"))
    from slackwater_skeleton import backend

    return backend


def make_subject(folder):
    from slackwater_skeleton.emulator import SkeletonSubject

    return SkeletonSubject(folder)


class TestSkeletonConformance(BackendConformance):
    column = "plugin new"

    @pytest.fixture
    def subject(self, tmp_path, skeleton):
        with make_subject(tmp_path) as subject:
            yield subject


@pytest.mark.parametrize(
    ("capability", "promise"),
    [
        (Capability.OBJECTS, "test_restore_brings_the_workload_back"),
        (Capability.OBJECTS, "test_two_performers_leave_one"),
        (Capability.OBJECTS, "test_starting_twice_with_one_key_is_one_operation"),
        (Capability.DELETE, "test_deleting_a_missing_point_is_not_found"),
    ],
)
def test_the_kit_asks_for_more_when_a_capability_is_switched_on(
    capability, promise, skeleton, tmp_path, monkeypatch
):
    with make_subject(tmp_path) as subject:
        keeps = getattr(BackendConformance(), promise)
        with pytest.raises(pytest.skip.Exception, match="not offered by skeleton"):
            keeps(subject)
        monkeypatch.setattr(skeleton, "CAN", frozenset((capability,)))
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            keeps(subject)


def test_what_is_written_is_installed_found_and_passes(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert run(["plugin", "new", "tide-gauge"]) == 0
    said = capfd.readouterr()
    folder = tmp_path / "slackwater-tide-gauge"
    assert "slackwater-tide-gauge/src/slackwater_tide_gauge/backend.py" in said.out.split()
    assert ".venv/bin/pytest" in said.err
    assert "skeleton" not in "".join(p.read_text() for p in folder.rglob("*") if p.is_file())

    installed = tmp_path / "installed"
    entry = {"tide-gauge": "slackwater_tide_gauge.plugin"}
    make_distribution(installed, "slackwater-tide-gauge", "0.1.0", entry)
    path = os.pathsep.join([str(installed), str(folder / "src")])
    called = {"cwd": folder, "env": {**os.environ, "PYTHONPATH": path}, "text": True}
    program = [sys.executable, "-m", "slackwater", "plugin", "list", "-o", "name"]
    assert "tide-gauge" in subprocess.check_output(program, **called).split()
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    few = ["-k", "translation or point_tells or exactly_once or describe"]
    passed = subprocess.run([*tests, *few], capture_output=True, check=False, **called)
    assert passed.returncode == 0, passed.stdout
    assert "3 promises not offered by tide-gauge: backups (objects)" in passed.stdout


@pytest.mark.parametrize("name", ["abc", "tide-gauge"])
def test_what_is_written_is_in_the_form_that_is_asked_of_source_here(name, tmp_path):
    plugin = new_plugin(name, tmp_path / "long", frozenset())
    plugin.write()
    src = f"src=['{plugin.folder / 'src'}', '{ROOT / 'core' / 'src'}']"
    command = [sys.executable, "-m", "ruff"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--config", src, "--no-cache"]
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [*command, *words, *config],
            cwd=plugin.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Tide Gauge", 'such as "tide-gauge"'),
        ("tide_gauge", 'such as "tide-gauge"'),
        ("9", "a letter first"),
        ("slackwater-tide", '"tide": the distribution becomes slackwater-tide'),
        (f"{LONGEST}y", "at most 24"),
        ("velero", "slackwater plugin list"),
        ("../tide", 'such as "tide"'),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_way_out(
    name, words, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    assert run(["plugin", "new", name]) == 2
    assert words in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "slackwater-tide" / "kept"
    kept.parent.mkdir()
    kept.write_text("mine")
    assert run(["plugin", "new", "tide"]) == 2
    assert "--folder" in capfd.readouterr().err
    assert run(["plugin", "new", "tide", "--folder", "else/where"]) == 0
    assert (tmp_path / "else" / "where" / "pyproject.toml").is_file()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["else", "slackwater-tide"]
    assert [p.name for p in kept.parent.iterdir()] == ["kept"]


def test_in_our_own_repository_it_shares_the_version(tmp_path, monkeypatch):
    (tmp_path / "core").mkdir()
    for name in ("pyproject.toml", "core/pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    plugin = new_plugin("tide", None, frozenset())
    plugin.write()
    assert plugin.folder == Path("plugins/tide")
    assert f'"slackwater=={VERSION}"' in (plugin.folder / "pyproject.toml").read_text()
    assert any("uv lock" in line for line in plugin.next_steps())


def test_the_skeleton_is_of_the_version_of_core():
    text = (SKELETON / "pyproject.toml").read_text()
    assert f'"slackwater>={VERSION}"' in text


@pytest.mark.long
def test_it_is_installed_into_an_environment_of_its_own(tmp_path):
    """As a newcomer would: an empty environment, core from its folder, the rest from an index."""
    plugin = new_plugin("tide-gauge", tmp_path / "slackwater-tide-gauge", frozenset())
    plugin.write()
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    install = [python, "-m", "pip", "install", "--quiet", "-e", ROOT / "core", "-e", ".[test]"]
    subprocess.run(install, cwd=plugin.folder, check=True)
    listed = [python.with_name("slackwater"), "plugin", "list", "-o", "name"]
    assert subprocess.check_output(listed, text=True).split() == ["tide-gauge"]
    tests = subprocess.run(
        [python, "-m", "pytest", "-q"], cwd=plugin.folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert tests.returncode == 0, tests.stdout
    assert "failed" not in tests.stdout
    assert len(promises()) > tests.stdout.count("not offered by tide-gauge") > 0
