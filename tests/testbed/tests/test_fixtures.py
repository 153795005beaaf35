"""What pytest says and does about tests on real engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from slackwater_testbed import engines, fixtures
from slackwater_testbed.nodes import system

pytest_plugins = ["pytester"]

REAL_TEST = """
import pytest

@pytest.mark.real
def test_on_engines():
    pass

def test_on_nothing():
    pass
"""

# A stand-in for the shared clusters: one server with a log, which counts how often it was mended.
FAKE = """
import pathlib, types
import pytest
from slackwater_testbed import fixtures

@pytest.fixture(scope="session")
def testbed(pytestconfig):
    log = pathlib.Path("server.log")
    log.write_text("the reason\\n")
    fake = types.SimpleNamespace(servers=[types.SimpleNamespace(log=log)], mended=0)
    fake.start = lambda: setattr(fake, "mended", fake.mended + 1)
    pytestconfig.stash[fixtures.SHARED] = fake
    return fake
"""


@pytest.fixture
def no_engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine is built."""
    monkeypatch.setenv(engines.CACHE_VARIABLE, str(tmp_path / "empty"))
    monkeypatch.delenv(fixtures.REQUIRED_VARIABLE, raising=False)


@pytest.mark.usefixtures("no_engines")
def test_real_tests_are_skipped_without_engines_and_the_end_says_so(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(REAL_TEST)
    result = pytester.runpytest_inprocess("-q")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines("1 test on real engines not run: `make test TESTBED=1`*")


@pytest.mark.usefixtures("no_engines")
def test_missing_engine_is_a_failure_where_engines_are_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACKWATER_TESTBED", "required")
    pytester.makepyfile(REAL_TEST)
    result = pytester.runpytest_inprocess("-q")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines("*engines are not built: *kube-apiserver*")
    result.stdout.no_fnmatch_line("*not run*")


@pytest.mark.usefixtures("no_engines")
def test_nothing_is_said_where_no_real_test_was_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(REAL_TEST)
    result = pytester.runpytest_inprocess("-q", "-k", "test_on_nothing")
    result.stdout.no_fnmatch_line("*real engines*")


NODES_TEST = """
import pytest

@pytest.mark.real("nodes")
def test_on_nodes():
    pass
"""


@pytest.mark.parametrize("required", ["required", ""])
def test_where_there_can_be_no_nodes_their_tests_are_skipped_and_counted(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv(fixtures.REQUIRED_VARIABLE, required)
    monkeypatch.setenv(system.WISH_VARIABLE, "no")
    pytester.makepyfile(NODES_TEST)
    result = pytester.runpytest_inprocess("-q")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("1 test with real nodes not run: SLACKWATER_TESTBED_NODES=no.")


@pytest.mark.usefixtures("no_engines")
def test_where_there_can_be_nodes_whatever_they_lack_is_a_failure_if_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fixtures.REQUIRED_VARIABLE, "required")
    monkeypatch.setattr(system, "obstacle", lambda: "")
    monkeypatch.setattr(system, "PATH", "")
    pytester.makepyfile(NODES_TEST)
    result = pytester.runpytest_inprocess("-q")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*engines are not built: *kubelet*velero-restore-helper*runc*")


def test_failed_test_shows_the_logs_of_the_engines(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(FAKE)
    pytester.makepyfile("def test_fails(testbed): assert not testbed")
    result = pytester.runpytest_inprocess("-q")
    result.stdout.fnmatch_lines(["*end of server.log*", "the reason"])


def test_shared_clusters_are_mended_before_the_next_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "USUAL", ())
    monkeypatch.setattr(engines, "FAMILIES", ())
    pytester.makeconftest(FAKE)
    pytester.makepyfile("""
        import pytest

        @pytest.mark.real
        def test_first(testbed): assert testbed.mended == 0

        @pytest.mark.real
        def test_second(testbed): assert testbed.mended == 1
    """)
    pytester.runpytest_inprocess("-q").assert_outcomes(passed=2)
