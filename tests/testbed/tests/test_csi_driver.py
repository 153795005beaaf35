"""The testbed's CSI driver: checked by csi-sanity, killed, and told to do wrong."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from slackwater_testbed.csi_driver import DirectoryDriver
from slackwater_testbed.engines import binary
from slackwater_testbed.parts import Parts

pytestmark = pytest.mark.real("csi-driver")

# What csi-sanity leaves out because the driver does not offer it.
NOT_OFFERED = (
    "GetCapacity",
    "GetSnapshot",
    "ControllerPublishVolume",
    "ControllerUnpublishVolume",
    "volume lifecycle",
    "ExpandVolume",
    "ModifyVolume",
    "NodeStageVolume",
    "NodeUnstageVolume",
    "NodeGetVolumeStats",
    "Health",
    "volume attribute class",
    "accessibility requirements",
    "single node multi writer",
)
ON_NODES = "Node Service"


@pytest.fixture
def driver(parts: Parts) -> DirectoryDriver:
    return parts.csi_driver()


def sanity(driver: DirectoryDriver, folder: Path, *flags: str) -> dict[str, str]:
    """Run csi-sanity; return what became of each of its tests that was not left out by name."""
    report = folder / "report.xml"
    command = [
        str(binary("csi-sanity")),
        f"-csi.endpoint={driver.socket}",
        f"-csi.mountdir={folder / 'mount'}",
        f"-csi.stagingdir={folder / 'staging'}",
        f"-ginkgo.junit-report={report}",
        "-ginkgo.no-color",
        *flags,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314  a report of our own process
    return {case.get("name", ""): case.get("status", "") for case in cases}


def unexpected(ended: dict[str, str]) -> list[str]:
    """What was left out although the driver offers it."""
    skipped = [name for name, status in ended.items() if status == "skipped"]
    return [name for name in skipped if not any(word in name for word in NOT_OFFERED)]


def test_csi_sanity_finds_nothing_wrong(driver: DirectoryDriver, tmp_path: Path) -> None:
    """All but what mounts, which takes root, and is the test below."""
    ended = sanity(driver, tmp_path, f"-ginkgo.skip={ON_NODES}")
    assert sum(status == "passed" for status in ended.values()) >= 45
    assert [name for name in unexpected(ended) if ON_NODES not in name] == []
    assert not driver.volumes | driver.snapshots | driver.groups | driver.unfinished


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_csi_sanity_mounts_and_unmounts(driver: DirectoryDriver, tmp_path: Path) -> None:
    ended = sanity(driver, tmp_path, f"-ginkgo.focus={ON_NODES}")
    assert sum(status == "passed" for status in ended.values()) >= 7
    assert [name for name in unexpected(ended) if ON_NODES in name] == []
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_what_a_killed_driver_left_half_made_is_swept(driver: DirectoryDriver) -> None:
    driver.server.kill()
    half = driver.folder / "making" / "snapshots-0123"
    half.mkdir()
    (half / "data").write_text("half")
    driver.start()
    assert driver.unfinished == frozenset()
