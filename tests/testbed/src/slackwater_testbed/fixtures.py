"""The pytest plugin: the marker `real`, and a testbed shared by a test run.

pytest loads it by itself wherever this distribution is installed.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

# What only tests on real engines need is imported there, so that the others start quickly.
if TYPE_CHECKING:
    from slackwater_testbed.control_plane import ControlPlane
    from slackwater_testbed.nodes.testbed import NodeTestbed
    from slackwater_testbed.parts import Parts
    from slackwater_testbed.server import Server
    from slackwater_testbed.testbed import Testbed

REQUIRED_VARIABLE = "SLACKWATER_TESTBED"
NOT_BUILT = "engines are not built"
NO_NODES = "there can be no nodes here"
NODES = "nodes"
LINES_PER_LOG = 20
LONGEST_NAME = 40
SHARED = pytest.StashKey["Testbed"]()
SHARED_CSI = pytest.StashKey["ControlPlane"]()
SHARED_NODES = pytest.StashKey["NodeTestbed"]()
OWN = pytest.StashKey["Parts"]()


@pytest.fixture(scope="session")
def testbed(pytestconfig: pytest.Config) -> Iterator[Testbed]:
    """Two real clusters, `east` and `west`, shared by all tests of the run.

    A test may kill whatever it likes: what does not run is started again before the next test.
    """
    from slackwater_testbed import state
    from slackwater_testbed.testbed import Testbed

    shared = Testbed(state.claim())
    try:
        shared.install()
        pytestconfig.stash[SHARED] = shared
        yield shared
    finally:
        shared.remove()


@pytest.fixture
def fresh_namespace(testbed: Testbed, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a new, empty namespace in the first cluster; in no other is one of that name.

    It is deleted after the test wherever it is then.
    """
    yield from _fresh_namespace(testbed, request.node.name)


@pytest.fixture(scope="session")
def nodes(pytestconfig: pytest.Config) -> Iterator[NodeTestbed]:
    """Two real clusters with a node each, `east` and `west`, shared by all tests of the run.

    Pods run and Velero is one of them. What a test has killed is started again, as with `testbed`.
    """
    from slackwater_testbed import state
    from slackwater_testbed.nodes.testbed import NodeTestbed

    shared = NodeTestbed(state.claim(NODES))
    try:
        shared.install()
        pytestconfig.stash[SHARED_NODES] = shared
        yield shared
    finally:
        shared.remove()


@pytest.fixture
def fresh_namespace_on_nodes(nodes: NodeTestbed, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a new, empty namespace in the first cluster of `nodes`, as `fresh_namespace`."""
    yield from _fresh_namespace(nodes, request.node.name)


@pytest.fixture
def parts(request: pytest.FixtureRequest) -> Iterator[Parts]:
    """Servers of this test's own, started as it asks for them; all ended after it."""
    from slackwater_testbed import state
    from slackwater_testbed.parts import Parts

    own = Parts(state.claim(uuid.uuid4().hex[:8]))
    request.node.stash[OWN] = own
    yield own
    own.remove()


@pytest.fixture(scope="session")
def csi_plane(pytestconfig: pytest.Config) -> Iterator[ControlPlane]:
    """A control plane with CSI, shared by all tests of the run; mended before each of them."""
    from slackwater_testbed import state
    from slackwater_testbed.parts import Parts

    shared = Parts(state.claim(uuid.uuid4().hex[:8]))
    try:
        plane = shared.control_plane()
        plane.csi.install()
        pytestconfig.stash[SHARED_CSI] = plane
        yield plane
    finally:
        shared.remove()


@pytest.fixture(scope="module")
def lasting_parts() -> Iterator[Parts]:
    """Servers for all tests of a module; each test gives them back as it has found them."""
    from slackwater_testbed import state
    from slackwater_testbed.parts import Parts

    own = Parts(state.claim(uuid.uuid4().hex[:8]))
    yield own
    own.remove()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip or fail a test marked `real` without engines; mend what the last test has killed.

    The marker names the families that the test needs; without any, those of a testbed.
    """
    marker = item.get_closest_marker("real")
    if marker is None:
        return
    if NODES in marker.args and (obstacle := _obstacle()):
        pytest.skip(f"{NO_NODES}: {obstacle}")
    if absent := _missing(marker.args):
        reason = f"{NOT_BUILT}: {', '.join(absent)}"
        (pytest.fail if os.environ.get(REQUIRED_VARIABLE) == "required" else pytest.skip)(reason)
    for shared in _used(item):
        shared.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Append the last lines of each engine's log to the report of a test that failed."""
    report = yield
    for shared in _used(item) if report.failed else ():
        report.sections.extend(_last_lines(shared.servers))
    if report.failed and OWN in item.stash:
        report.sections.extend(_last_lines(item.stash[OWN].servers))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests on real engines were not run, and how they can be."""
    skipped = [str(each.longrepr) for each in terminalreporter.getreports("skipped")]
    ways_out = {
        NOT_BUILT: "on real engines not run: `make test TESTBED=1` builds the engines first"
        " (once, about half an hour on 2 cores, needs Go).",
        NO_NODES: f"with real nodes not run: {_obstacle() if skipped else ''}.",
    }
    for reason, way_out in ways_out.items():
        if count := sum(reason in each for each in skipped):
            tests = "test" if count == 1 else "tests"
            terminalreporter.write_line(f"{count} {tests} {way_out}", yellow=True)


def _missing(families: tuple[str, ...]) -> list[str]:
    """Return what is not built of these families, and for nodes what is not installed either."""
    from slackwater_testbed import engines
    from slackwater_testbed.nodes import system

    if NODES not in families:
        return engines.missing(families or engines.USUAL)
    return [
        *engines.missing(sorted({*engines.USUAL, *engines.FOR_NODES, *families})),
        *system.missing(),
    ]


def _used(item: pytest.Item) -> Iterator[Testbed | ControlPlane | NodeTestbed]:
    """What the test shares with others, as far as it has been started."""
    names, stash = getattr(item, "fixturenames", ()), item.config.stash
    if "testbed" in names and SHARED in stash:
        yield stash[SHARED]
    if "csi_plane" in names and SHARED_CSI in stash:
        yield stash[SHARED_CSI]
    if NODES in names and SHARED_NODES in stash:
        yield stash[SHARED_NODES]


def _obstacle() -> str:
    from slackwater_testbed.nodes import system

    return system.obstacle()


def _fresh_namespace(clusters: Testbed | NodeTestbed, test: str) -> Iterator[str]:
    slug = re.sub(r"[^a-z0-9]+", "-", test.lower()).strip("-")
    name = f"{slug[:LONGEST_NAME].strip('-')}-{uuid.uuid4().hex[:6]}"
    next(iter(clusters)).kubectl("create", "namespace", name)
    yield name
    clusters.start()
    for cluster in clusters:
        cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def _last_lines(servers: Iterable[Server]) -> Iterator[tuple[str, str]]:
    from slackwater_testbed.errors import tail

    for server in servers:
        yield f"end of {server.log}", tail(server.log, LINES_PER_LOG)
