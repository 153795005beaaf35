"""An etcd of one or several members, and the troubles it can be given."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from pathlib import Path

import pytest

from slackwater_testbed.engines import binary
from slackwater_testbed.errors import EtcdctlFailed, TestbedError
from slackwater_testbed.etcd import EtcdCluster
from slackwater_testbed.etcd_filling import exhaust, fill
from slackwater_testbed.parts import Parts
from slackwater_testbed.wire import Wire

pytestmark = pytest.mark.real("etcd", "etcd-3.5", "etcd-3.5.9")


def value(etcd: EtcdCluster, key: str) -> str:
    return etcd.etcdctl("get", key, "--print-value-only").strip()


def argv(etcd: EtcdCluster, *arguments: str, endpoint: str = "") -> list[str]:
    """Return etcdctl's command with the certificate of an operator."""
    pair = etcd.client
    return [
        str(binary("etcdctl", etcd.setup.family)),
        f"--endpoints={endpoint or etcd.endpoints[0]}",
        f"--cacert={etcd.authority}",
        f"--cert={pair.certificate}",
        f"--key={pair.key}",
        *arguments,
    ]


def saving(etcd: EtcdCluster, wire: Wire, target: Path) -> subprocess.Popen[str]:
    """Begin a save, and hold it in the middle."""
    wire.hold_after(1_000_000)
    command = argv(etcd, "snapshot", "save", str(target), endpoint=wire.url)
    begun = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert wire.held.wait(30)
    return begun


def hashes(etcd: EtcdCluster) -> set[int]:
    answers = json.loads(etcd.etcdctl("endpoint", "hashkv", "-w", "json"))
    return {answer["HashKV"]["hash"] for answer in answers}


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("family", ["etcd", "etcd-3.5"])
def test_all_members_hold_what_was_written(parts: Parts, members: int, family: str) -> None:
    etcd = parts.etcd(members=members, family=family)
    etcd.etcdctl("put", "boat", "moored")
    assert value(etcd, "boat") == "moored"
    listed = json.loads(etcd.etcdctl("member", "list", "-w", "json"))["members"]
    assert {each["name"] for each in listed} == {member.name for member in etcd.members}
    version = etcd.status(etcd.leader)["version"]
    assert version.startswith("3.5." if family == "etcd-3.5" else "3.6.")


def test_nobody_gets_in_without_a_certificate(parts: Parts) -> None:
    etcd = parts.etcd()
    command = [binary("etcdctl"), f"--endpoints={etcd.endpoints[0]}", f"--cacert={etcd.authority}"]
    refused = subprocess.run(
        [*command, "--command-timeout=1s", "get", "a"], capture_output=True, check=False
    )
    assert refused.returncode != 0


def test_a_stopped_member_is_missed_by_nobody_and_catches_up(parts: Parts) -> None:
    etcd = parts.etcd(members=3)
    away = etcd.followers[0]
    away.server.stop()
    etcd.etcdctl("put", "boat", "at sea")
    etcd.start()
    assert away.server.ready()
    etcd.etcdctl_at(away, "get", "boat")
    assert len(hashes(etcd)) == 1


def test_without_quorum_the_member_that_is_left_knows_its_state_and_no_leader(parts: Parts) -> None:
    etcd = parts.etcd(members=3)
    behind, *_ = etcd.followers
    behind.server.pause()
    fill(etcd, 3000, size=10_000)  # more than the buffers of its sockets hold for it
    others = [member for member in etcd.members if member != behind]
    ahead = etcd.status(others[0])
    for member in others:
        member.server.kill()
    behind.server.resume()
    behind.server.wait_until(lambda: "leader" not in etcd.status(behind))

    assert etcd.status(behind)["header"]["revision"] < ahead["header"]["revision"]
    with pytest.raises(EtcdctlFailed):
        etcd.etcdctl_at(behind, "put", "boat", "x", "--command-timeout=1s")
    etcd.start()
    assert len(hashes(etcd)) == 1


def test_a_learner_follows_without_a_vote_and_can_be_promoted(parts: Parts) -> None:
    etcd = parts.etcd()
    etcd.etcdctl("put", "boat", "moored")
    learner = etcd.add_learner()
    assert etcd.status(learner)["isLearner"]
    assert etcd.members[-1] == learner

    learner.server.kill()
    again = EtcdCluster(etcd.name, etcd.machine)
    again.start()
    identity = f"{again.status(learner)['header']['member_id']:x}"
    again.etcdctl("member", "promote", identity)
    assert "isLearner" not in again.status(learner)


def test_a_full_etcd_raises_the_alarm_and_refuses_to_write(parts: Parts) -> None:
    etcd = parts.etcd(quota_bytes=1_000_000)
    exhaust(etcd)
    with pytest.raises(EtcdctlFailed, match="database space exceeded"):
        etcd.etcdctl("put", "boat", "x")
    etcd.kill()
    etcd.start()
    assert "NOSPACE" in etcd.etcdctl("alarm", "list")


def test_an_etcd_without_a_small_quota_is_not_filled(parts: Parts) -> None:
    with pytest.raises(TestbedError, match="quota_bytes"):
        exhaust(parts.etcd())


@pytest.mark.parametrize("family", ["etcd", "etcd-3.5"])
def test_with_auth_only_root_may_save(parts: Parts, family: str, tmp_path: Path) -> None:
    etcd = parts.etcd(family=family)
    etcd.enable_auth()
    etcd.etcdctl("snapshot", "save", str(tmp_path / "root.db"))
    fill(etcd, 3)
    etcd.etcdctl("user", "add", "deckhand:pw")

    refused = subprocess.run(
        argv(etcd, "snapshot", "save", str(tmp_path / "deckhand.db")),
        capture_output=True, text=True, check=False, env={"ETCDCTL_USER": "deckhand:pw"},
    )  # fmt: skip
    assert "permission denied" in refused.stderr
    assert etcd.password_file.stat().st_mode & 0o777 == 0o600


def test_a_save_is_held_in_the_middle_until_etcd_is_killed(parts: Parts, tmp_path: Path) -> None:
    etcd, target = parts.etcd(), tmp_path / "half.db"
    fill(etcd, 3000)
    with Wire(etcd.endpoints[0]) as wire, saving(etcd, wire, target) as begun:
        etcd.kill()
        wire.cut()
        begun.communicate(timeout=30)
    assert begun.returncode not in {0, -signal.SIGKILL}
    assert not target.exists()


def test_what_a_wire_held_arrives_whole_after_its_release(parts: Parts, tmp_path: Path) -> None:
    etcd, target = parts.etcd(), tmp_path / "held.db"
    fill(etcd, 3000)
    with Wire(etcd.endpoints[0]) as wire, saving(etcd, wire, target) as begun:
        assert not target.exists()
        wire.release()
        begun.communicate(timeout=30)
    saved = target.read_bytes()
    assert hashlib.sha256(saved[:-32]).digest() == saved[-32:]


def test_the_old_etcdutl_knows_of_no_revision_bump() -> None:
    for family, known in (("etcd-3.5.9", False), ("etcd-3.5", True), ("etcd", True)):
        shown = subprocess.run(
            [binary("etcdutl", family), "snapshot", "restore", "--help"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert ("--bump-revision" in shown) is known
