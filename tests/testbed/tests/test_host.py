"""The commands that a fleet file names for hosts, and what it says of them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from slackwater_testbed import __main__ as command_line
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.engines import binary
from slackwater_testbed.etcd import EtcdCluster
from slackwater_testbed.fleet import restore_settings
from slackwater_testbed.host import command
from slackwater_testbed.parts import Parts

pytestmark = pytest.mark.real("etcd", "kubernetes", "s3")


def run(argv: list[str]) -> int:
    return subprocess.run(argv, capture_output=True, check=False).returncode


def restored(etcd: EtcdCluster, saved: Path, member_number: int, folder: Path) -> Path:
    """Restore a snapshot for one member, as etcd's documentation says; return its directory."""
    member = etcd.members[member_number]
    everybody = ",".join(f"{each.name}={each.peer_url}" for each in etcd.members)
    subprocess.run(
        [
            binary("etcdutl"), "snapshot", "restore", saved, f"--data-dir={folder}",
            f"--name={member.name}", f"--initial-cluster={everybody}",
            f"--initial-advertise-peer-urls={member.peer_url}",
            "--initial-cluster-token=another", "--bump-revision=1000000000", "--mark-compacted",
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    return folder


def test_each_act_can_be_done_twice(parts: Parts) -> None:
    etcd = parts.etcd()
    stop, start, health = (
        command(etcd.machine.folder, act, "etcd-1") for act in ("stop", "start", "health")
    )
    assert [run(each) for each in (health, stop, stop, health)] == [0, 0, 0, 1]
    assert not etcd.running
    assert [run(each) for each in (start, start)] == [0, 0]
    etcd.members[0].server.wait_until(lambda: run(health) == 0)


def test_members_are_restored_into_other_directories_by_commands_alone(
    parts: Parts, tmp_path: Path
) -> None:
    etcd = parts.etcd(members=3)
    etcd.etcdctl("put", "boat", "moored")
    before = etcd.status(etcd.leader)["header"]
    saved = tmp_path / "saved.db"
    etcd.etcdctl_at(etcd.leader, "snapshot", "save", str(saved))
    etcd.etcdctl("put", "boat", "sunk")

    members = json.loads(json.dumps(restore_settings(etcd, tmp_path / "prepared")))["members"]
    prepared = [restored(etcd, saved, n, tmp_path / f"prepared-{n}") for n in range(3)]
    for member in members:
        assert run(member["commands"]["stop"]) == 0
    for member, folder in zip(members, prepared, strict=True):
        Path(member["data_dir"]).rename(member["data_dir"] + ".before")
        shutil.move(folder, member["data_dir"])
    for member in members:
        assert run(member["commands"]["start"]) == 0, "it does not wait for the others"
    etcd.start()

    assert etcd.etcdctl("get", "boat", "--print-value-only").strip() == "moored"
    after = etcd.status(etcd.leader)["header"]
    assert after["cluster_id"] != before["cluster_id"]
    assert after["revision"] > 1_000_000_000
    assert all(run(member["commands"]["health"]) == 0 for member in members)


def test_the_api_server_is_stopped_and_started_as_well(parts: Parts) -> None:
    lone: ControlPlane = parts.control_plane()
    [api] = json.loads(json.dumps(restore_settings(lone, Path("/unused"))))["api_servers"]
    assert run(api["stop"]) == 0
    assert not lone.apiserver.running
    assert run(api["start"]) == 0
    assert lone.get("namespace", "kube-system") is not None


def test_what_there_is_not_is_named(parts: Parts, capsys: pytest.CaptureFixture[str]) -> None:
    parts.etcd("lone")
    assert command_line.main(["host", str(parts.folder), "stop", "alone", "etcd-1"]) == 1
    assert "there is no cluster alone" in capsys.readouterr().err
    assert command_line.main(["host", str(parts.folder), "stop", "lone", "etcd-2"]) == 1
    assert "there are etcd-1, apiserver" in capsys.readouterr().err
