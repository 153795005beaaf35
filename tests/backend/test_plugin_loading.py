"""Plugins are found by their entry points, and a broken one is a line, not a dead program."""

from __future__ import annotations

import shutil
import sys
import textwrap
from datetime import UTC, datetime

import pytest

from slackwater.backend import CONTRACT_VERSION
from slackwater.backend.plugin_loading import Plugins, load_plugins
from slackwater.errors import ContractVersionError, DuplicateBackendError, PluginLoadError
from slackwater.model.finding import Severity
from slackwater.model.restore_plan import RestorePlan
from slackwater.model.run import Event
from slackwater.testing.distributions import MEMORY_ENTRY_POINTS, make_distribution

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
PLAN = RestorePlan(made_at=NOW, moment=NOW, zone="UTC")
EVENT = Event(number=1, run="r-1", at=NOW, kind="begun")

OFFERS = """
    from pydantic import BaseModel
    from slackwater.backend import BackendType, hookimpl

    class Settings(BaseModel): ...

    def offer(name, **changed):
        given = dict(summary="", settings=Settings, discover=None, create=None)
        return BackendType(name=name, **{**given, **changed})

    @hookimpl
    def slackwater_backend_types():
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution with one module; only such distributions are found."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    installed: list[str] = []

    def install(name: str, text: str, version: str = "1.0", *, module: str = "") -> None:
        module = module or f"plugin_{name.replace('-', '_')}"
        if text:
            (tmp_path / f"{module}.py").write_text(textwrap.dedent(text))
        make_distribution(tmp_path, name, version, {name: module})
        installed.append(name)
        monkeypatch.delitem(sys.modules, module, raising=False)

    install.names = installed
    return install


@pytest.fixture
def load(install):
    """Load what was installed here; what the environment has beside it is left out."""
    from importlib.metadata import entry_points

    def load() -> Plugins:
        found = [ep for ep in entry_points(group="slackwater") if ep.name in install.names]
        return load_plugins(found)

    return load


def offering(*lines: str) -> str:
    return OFFERS + "".join(f"        {line}\n" for line in lines)


def test_a_plugin_offers_its_backend_types(install, load):
    install("tarballs", offering('yield offer("tar")', 'yield offer("zip")'), "2.1")

    plugins = load()

    assert list(plugins.types) == ["tar", "zip"]
    assert str(plugins.origins["tar"]) == "tarballs 2.1"
    assert plugins.problems == ()


def test_plugins_are_found_by_their_installed_entry_points(install, tmp_path):
    make_distribution(tmp_path, "slackwater-memory", "1.0", MEMORY_ENTRY_POINTS)

    types = load_plugins().types

    assert {"memory", "memory-archive"} <= set(types)


def test_a_plugin_installed_meanwhile_is_found_and_one_removed_is_not(install, tmp_path):
    before = set(load_plugins().types)
    install("later", offering('yield offer("later")'))
    assert set(load_plugins().types) == before | {"later"}

    shutil.rmtree(next(tmp_path.glob("*.dist-info")))
    assert set(load_plugins().types) == before


def test_a_plugin_that_was_mended_is_found(install, tmp_path, monkeypatch):
    install("tarballs", "raise ValueError('no such licence')")
    assert any("no such licence" in problem.message for problem in load_plugins().problems)

    (tmp_path / "plugin_tarballs.py").write_text(textwrap.dedent(offering('yield offer("tar")')))
    assert "tar" in load_plugins().types


BROKEN = {
    "an error at import": ("raise ValueError('no such licence')", "no such licence"),
    "an exit at import": ("import sys; sys.exit('stop')", "SystemExit: stop"),
    "a module it needs is missing": ("import nowhere_to_be_found", "nowhere_to_be_found"),
    "a syntax error": ("def :", "SyntaxError"),
    "a hook that raises": (offering('raise KeyError("x")', "yield"), "KeyError"),
    "a hook that raises late": (
        offering('yield offer("tar")', 'raise KeyError("x")'),
        "KeyError",
    ),
    "a hook that returns no list": (offering("return 7"), "TypeError"),
    "something else is offered": (offering('yield "tar"'), "no BackendType"),
    "settings are no model": (offering('yield offer("tar", settings=dict)'), "no pydantic class"),
    "a hook that nobody knows": (
        """
        from slackwater.backend import hookimpl

        @hookimpl
        def slackwater_make_coffee(): ...
        """,
        "slackwater_make_coffee",
    ),
    "a hook with an argument that nobody gives": (
        """
        from slackwater.backend import hookimpl

        @hookimpl
        def slackwater_backend_types(cluster): ...
        """,
        "cluster",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_a_problem_and_the_others_are_there(install, load, case):
    text, words = BROKEN[case]
    install("broken-one", text, "0.3")
    install("sound", offering('yield offer("fine")'))

    plugins = load()

    assert list(plugins.types) == ["fine"]
    (problem,) = plugins.problems
    assert problem.error is PluginLoadError
    assert str(problem.origin) == "broken-one 0.3"
    assert words in problem.message
    assert "\n" not in problem.finding().message
    assert problem.way_out


def test_an_entry_point_to_a_missing_module_is_a_problem(install, load):
    install("gone", "", module="never_written")

    (problem,) = load().problems

    assert "never_written" in problem.message
    assert "pip install --force-reinstall gone" in problem.way_out


@pytest.mark.parametrize(
    ("version", "to_upgrade"),
    [(CONTRACT_VERSION + 1, "slackwater"), (CONTRACT_VERSION - 1, "elder")],
)
def test_a_type_for_another_contract_says_what_to_upgrade(install, load, version, to_upgrade):
    old = f'yield offer("old", contract_version={version})'
    install("elder", offering(old, 'yield offer("fine")'))

    plugins = load()

    assert list(plugins.types) == ["fine"]
    (problem,) = plugins.problems
    assert problem.error is ContractVersionError
    assert problem.way_out == f"pip install --upgrade {to_upgrade}"


def test_a_doubled_name_is_refused_on_both_sides(install, load):
    install("first", offering('yield offer("tar")', 'yield offer("fine")'), "1.0")
    install("second", offering('yield offer("tar")'), "2.0")

    plugins = load()

    assert list(plugins.types) == ["fine"]
    assert {str(problem.origin) for problem in plugins.problems} == {"first 1.0", "second 2.0"}
    for problem in plugins.problems:
        assert problem.error is DuplicateBackendError
        assert "first 1.0 and second 2.0" in problem.message


def test_problems_are_findings_that_make_doctor_unhappy(install, load):
    install("broken-one", "raise ValueError('why')")

    (finding,) = load().findings

    assert finding.severity is Severity.ERROR
    assert finding.subject == "broken-one 1.0"


REVIEWS = """
    from slackwater.backend import hookimpl
    from slackwater.model.finding import Finding, Severity

    @hookimpl
    def slackwater_review_plan(plan):
        yield Finding(severity=Severity.INFO, code="seen", subject="{name}", message=plan.zone)
        {then}
"""


def test_every_plugin_reviews_a_plan(install, load):
    install("one", REVIEWS.format(name="one", then=""))
    install("two", REVIEWS.format(name="two", then=""))

    findings = load().review_plan(PLAN)

    assert sorted((f.subject, f.message) for f in findings) == [("one", "UTC"), ("two", "UTC")]


@pytest.mark.parametrize("then", ["raise OSError('gone')", "yield 'not a finding'"])
def test_a_failing_review_is_a_warning_and_hides_no_other(install, load, then):
    install("one", REVIEWS.format(name="one", then=then))
    install("two", REVIEWS.format(name="two", then=""))

    findings = load().review_plan(PLAN)

    by_code = {finding.code: finding for finding in findings}
    assert set(by_code) == {"review-failed", "seen"}
    assert by_code["review-failed"].severity is Severity.WARNING
    assert "one 1.0" in by_code["review-failed"].subject
    assert by_code["seen"].subject == "two"


OBSERVES = """
    from slackwater.backend import hookimpl

    seen = []

    @hookimpl
    def slackwater_on_event(event):
        seen.append(event)
        {then}
"""


def test_a_failing_observer_is_logged_and_the_others_see_the_event(install, load, caplog):
    install("one", OBSERVES.format(then="raise OSError('gone')"))
    install("two", OBSERVES.format(then=""))
    plugins = load()

    plugins.on_event(EVENT)

    seen = [sys.modules[module].seen for module in ("plugin_one", "plugin_two")]
    assert seen == [[EVENT.model_dump(mode="json")]] * 2
    assert "one 1.0" in caplog.text
    assert "gone" in caplog.text


def test_without_plugins_there_is_nothing_to_say():
    plugins = load_plugins([])

    assert plugins.types == {}
    assert plugins.findings == plugins.review_plan(PLAN) == ()
    plugins.on_event(EVENT)
