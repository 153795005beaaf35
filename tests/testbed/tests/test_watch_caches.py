"""Why a restore of etcd must raise the revision: seen on a real API server, which runs on.

Without it even a list that asks for no old version comes from the wrong cache; only a get of a
single object tells the truth. Sources: etcd's page on disaster recovery; kubernetes issue 118501.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.engines import binary
from slackwater_testbed.kubectl import Object
from slackwater_testbed.parts import Parts

pytestmark = pytest.mark.real("etcd", "kubernetes")

BUMP = ("--bump-revision=1000000000", "--mark-compacted")
PREFIX = "/registry/configmaps/default/"
LISTS = {
    "from the cache": "/api/v1/namespaces/default/configmaps?resourceVersion=0",
    "consistent": "/api/v1/namespaces/default/configmaps",
}
OTHERS = "kube-root-ca.crt"
LOST = {f"lost-{number}" for number in range(5)}
# How long a wrong cache is watched; with the bump it is right after one second.
WATCHED = 5.0


def create(plane: ControlPlane, *names: str) -> None:
    for name in names:
        config_map: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        plane.kubectl("create", "-f", "-", stdin=yaml.safe_dump(config_map))


def in_etcd(plane: ControlPlane) -> set[str]:
    """Return the ConfigMaps that there are."""
    keys = plane.etcd.etcdctl("get", PREFIX, "--prefix", "--keys-only").split()
    return {key.removeprefix(PREFIX) for key in keys} - {OTHERS}


def listed(plane: ControlPlane, kind: str) -> set[str]:
    """Return the ConfigMaps that the API server lists."""
    answer = json.loads(plane.kubectl("get", "--raw", LISTS[kind]))
    return {item["metadata"]["name"] for item in answer["items"]} - {OTHERS}


def settles(plane: ControlPlane, expected: set[str], seconds: float) -> bool:
    """Tell whether within this time both lists show just these."""
    deadline = time.monotonic() + seconds
    while any(listed(plane, kind) != expected for kind in LISTS):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def restore(plane: ControlPlane, saved: Path, *flags: str) -> None:
    """Put the snapshot under the API server, which runs on."""
    [member] = plane.etcd.members
    plane.etcd.stop()
    member.data_dir.rename(member.data_dir.with_suffix(".before"))
    subprocess.run(
        [
            binary("etcdutl"), "snapshot", "restore", saved, f"--data-dir={member.data_dir}",
            f"--name={member.name}", f"--initial-cluster={member.name}={member.peer_url}",
            f"--initial-advertise-peer-urls={member.peer_url}", *flags,
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    plane.etcd.start()
    plane.wait_for("namespace", "default", lambda _: True)


@pytest.fixture
def lone(parts: Parts, tmp_path: Path) -> ControlPlane:
    """A control plane that has changed since it was saved: `old` is older, LOST are newer."""
    plane = parts.control_plane()
    create(plane, "old")
    [member] = plane.etcd.members
    plane.etcd.etcdctl_at(member, "snapshot", "save", str(tmp_path / "saved.db"))
    create(plane, *sorted(LOST))
    assert settles(plane, {"old", *LOST}, 60)
    return plane


def test_without_the_bump_lists_go_on_showing_what_is_gone(
    lone: ControlPlane, tmp_path: Path
) -> None:
    restore(lone, tmp_path / "saved.db")
    create(lone, "new")
    assert in_etcd(lone) == {"old", "new"}
    assert not settles(lone, {"old", "new"}, WATCHED)
    for kind in LISTS:
        assert listed(lone, kind) >= LOST
    assert lone.get("configmap", "lost-0") is None


def test_with_the_bump_lists_become_right_under_the_same_api_server(
    lone: ControlPlane, tmp_path: Path
) -> None:
    restore(lone, tmp_path / "saved.db", *BUMP)
    create(lone, "new")
    assert in_etcd(lone) == {"old", "new"}
    assert settles(lone, {"old", "new"}, 60)
