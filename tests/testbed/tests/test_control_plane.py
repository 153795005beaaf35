"""A control plane over an etcd of three members, with and without etcd's own users."""

from __future__ import annotations

import pytest

from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.errors import EtcdctlFailed
from slackwater_testbed.machine import LoopbackMachine
from slackwater_testbed.parts import Parts
from slackwater_testbed.ports import Ports

pytestmark = pytest.mark.real("etcd", "etcd-3.5", "kubernetes")

KEYS = "/registry/configmaps/default/"


def test_the_api_server_bears_that_the_leader_stops(parts: Parts) -> None:
    lone = parts.control_plane(members=3)
    leader = lone.etcd.leader
    leader.server.stop()
    lone.kubectl("create", "configmap", "written")
    assert lone.etcd.leader != leader
    leader.server.start()
    assert lone.etcd.etcdctl_at(leader, "get", f"{KEYS}written", "--keys-only").strip()


def test_the_api_server_goes_on_when_etcd_asks_for_users(parts: Parts) -> None:
    lone = parts.control_plane(family="etcd-3.5")
    lone.etcd.enable_auth()
    lone.kubectl("create", "configmap", "written")
    assert "written" in lone.etcd.etcdctl(
        "get", "/registry/configmaps/default/", "--prefix", "--keys-only"
    )
    lone.etcd.password_file.unlink()
    with pytest.raises(EtcdctlFailed, match="permission denied"):
        lone.etcd.etcdctl("get", "/registry", "--prefix")


def test_whoever_opens_the_folder_finds_the_same_members(parts: Parts) -> None:
    lone = parts.control_plane(members=3)
    machine = LoopbackMachine(lone.folder, Ports(parts.folder / "ports.json"))
    again = ControlPlane("lone", machine)
    assert again.etcd.members == lone.etcd.members
    assert all(server.running for server in again.servers)
