"""The testbed's own promises, on real engines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from slackwater_testbed import state
from slackwater_testbed.errors import KubectlFailed
from slackwater_testbed.etcd_setup import EtcdSetup
from slackwater_testbed.kubectl import Kubectl
from slackwater_testbed.testbed import Testbed

pytestmark = pytest.mark.real


def config_map(name: str, namespace: str, **data: str) -> str:
    metadata = {"name": name, "namespace": namespace}
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    )


def velero_object(kind: str, name: str, **spec: object) -> str:
    metadata = {"name": name, "namespace": "velero"}
    return yaml.safe_dump(
        {"apiVersion": "velero.io/v1", "kind": kind, "metadata": metadata, "spec": spec}
    )


def test_both_clusters_answer_and_are_two(testbed: Testbed) -> None:
    uids = {
        cluster.get("namespace", "kube-system")["metadata"]["uid"]  # type: ignore[index]
        for cluster in testbed
    }
    assert len(uids) == 2


def test_merged_kubeconfig_has_a_context_for_each_cluster(testbed: Testbed) -> None:
    merged = Kubectl(testbed.kubeconfig)
    for cluster in testbed:
        shown = merged.run("--context", cluster.name, "cluster-info")
        assert cluster.url in shown


def test_user_without_rights_is_refused(testbed: Testbed) -> None:
    nobody = Kubectl(testbed["east"].kubeconfig_for("nobody"))
    with pytest.raises(KubectlFailed, match="Forbidden"):
        nobody.run("get", "secrets", "-A")


def test_rights_that_are_granted_count(testbed: Testbed, fresh_namespace: str) -> None:
    east = testbed["east"]
    east.kubectl(
        "create", "rolebinding", "reads", "--clusterrole=view", "--user=reader",
        "-n", fresh_namespace,
    )  # fmt: skip
    reader = Kubectl(east.kubeconfig_for("reader"))
    assert "kube-root-ca.crt" in reader.run("get", "configmaps", "-n", fresh_namespace)


def test_a_namespace_really_ends(testbed: Testbed) -> None:
    east = testbed["east"]
    east.kubectl("create", "namespace", "short-lived")
    east.kubectl("delete", "namespace", "short-lived", "--timeout=30s")
    assert east.get("namespace", "short-lived") is None


@pytest.mark.parametrize("name", ["east", "west"])
def test_each_velero_can_write_its_location(testbed: Testbed, name: str) -> None:
    location = testbed[name].velero.wait_available()
    assert location["spec"]["accessMode"] == "ReadWrite"
    assert location["spec"]["objectStorage"]["prefix"] == name


def test_backup_of_one_cluster_is_restored_in_the_other(
    testbed: Testbed, fresh_namespace: str
) -> None:
    east, west = testbed["east"], testbed["west"]
    name = fresh_namespace
    east.apply(config_map("settings", name, colour="blue"))
    east.apply(velero_object("Backup", name, includedNamespaces=[name]))
    east.velero.wait_for_phase("backup", name, "Completed")

    west.velero.add_location("of-east", prefix="east")
    west.velero.sync("of-east")
    west.velero.wait_for_phase("backup", name, "Completed")
    mapping = {name: f"{name}-2"}
    west.apply(velero_object("Restore", name, backupName=name, namespaceMapping=mapping))
    west.velero.wait_for_phase("restore", name, "Completed")

    restored = west.get("configmap", "settings", f"{name}-2")
    assert restored is not None
    assert restored["data"] == {"colour": "blue"}
    west.kubectl("delete", "backupstoragelocation.velero.io", "of-east", "-n", "velero")
    west.kubectl("delete", "namespace", f"{name}-2", "--wait=false")


def test_killed_api_server_comes_back_with_its_data_and_address(
    testbed: Testbed, fresh_namespace: str
) -> None:
    east = testbed["east"]
    east.apply(config_map("kept", fresh_namespace, answer="42"))
    east.apiserver.kill()
    with pytest.raises(KubectlFailed, match="refused"):
        east.kubectl("get", "namespaces")
    east.apiserver.start()
    assert east.get("configmap", "kept", fresh_namespace) is not None


def test_dead_cluster_comes_back_whole(testbed: Testbed, fresh_namespace: str) -> None:
    east, west = testbed["east"], testbed["west"]
    east.stop()
    assert not any(server.running for server in east.servers)
    assert west.get("namespace", "default") is not None
    east.start()
    assert east.get("namespace", fresh_namespace) is not None


def test_object_store_away_makes_locations_unavailable_until_it_is_back(testbed: Testbed) -> None:
    east = testbed["east"]
    testbed.objectstore.stop()
    east.velero.wait_for_phase("backupstoragelocation", "default", "Unavailable")
    testbed.objectstore.start()
    east.velero.wait_available()


def test_a_paused_api_server_accepts_and_does_not_answer(testbed: Testbed) -> None:
    east = testbed["east"]
    east.apiserver.pause()
    try:
        with pytest.raises(KubectlFailed, match=r"[Tt]imeout|deadline"):
            east.kubectl("get", "namespace", "default", "--request-timeout=1s")
    finally:
        east.apiserver.resume()
    assert east.get("namespace", "default") is not None


def test_no_secret_key_is_in_any_command_line_or_log(testbed: Testbed) -> None:
    secret = testbed.objectstore.credentials["secret_key"]
    for server in testbed.servers:
        assert secret not in " ".join(server.argv)
        assert secret not in server.log.read_text(errors="replace")


def test_velero_tells_its_version_without_a_cluster(tmp_path: Path) -> None:
    from slackwater_testbed.engines import binary

    shown = subprocess.run(
        [binary("velero"), "version", "--client-only"],
        capture_output=True, text=True, check=True, env={"HOME": str(tmp_path)},
    ).stdout  # fmt: skip
    assert "v1.18.3" in shown


def test_a_testbed_with_three_members_is_found_again_as_it_was_made() -> None:
    made = Testbed(state.claim("trio"), ["trio"], etcd={"trio": EtcdSetup(members=3)})
    try:
        made.install()
        found = Testbed.open(made.folder)
        assert [server.name for server in found["trio"].etcd.servers] == [
            "etcd-1", "etcd-2", "etcd-3",
        ]  # fmt: skip
        assert found.running
    finally:
        made.remove()
