"""Clusters with nodes: pods run, nothing is pulled, a node comes back, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from slackwater_testbed import state
from slackwater_testbed.kubectl import Object
from slackwater_testbed.nodes.cluster import NodeCluster, is_ready
from slackwater_testbed.nodes.images import BASE
from slackwater_testbed.nodes.testbed import NodeTestbed

pytestmark = pytest.mark.real("nodes")

OWNER = """
import sys, time
from slackwater_testbed import state
from slackwater_testbed.nodes.testbed import NodeTestbed
NodeTestbed(state.claim(), ["lone"], with_velero=False).install()
print("started", flush=True)
time.sleep(600)
"""


def pod(name: str, namespace: str, image: str = BASE) -> str:
    volume = {"name": "scratch", "emptyDir": {}}
    container = {
        "name": "main",
        "image": image,
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    }
    metadata = {"name": name, "namespace": namespace}
    spec = {"containers": [container], "volumes": [volume], "terminationGracePeriodSeconds": 0}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def run_pod(cluster: NodeCluster, name: str, namespace: str) -> Object:
    cluster.apply(pod(name, namespace))
    return cluster.wait_for("pod", name, is_ready, namespace=namespace)


def within(cluster: NodeCluster, namespace: str, script: str) -> str:
    return cluster.kubectl("exec", "-n", namespace, "one", "--", "sh", "-c", script).strip()


def test_pods_run_and_reach_services_and_the_store(
    nodes: NodeTestbed, fresh_namespace_on_nodes: str
) -> None:
    east = nodes["east"]
    run_pod(east, "one", fresh_namespace_on_nodes)
    host, _, port = nodes.objectstore.inner_endpoint.removeprefix("https://").partition(":")
    for address in ("10.96.0.1 443", f"{host} {port}"):
        said = within(
            east, fresh_namespace_on_nodes, f"nc -w 5 {address} < /dev/null && echo there"
        )
        assert said == "there"


def test_an_image_that_is_not_here_is_never_asked_for(
    nodes: NodeTestbed, fresh_namespace_on_nodes: str
) -> None:
    def refused(found: Object) -> bool:
        seen = found.get("status", {}).get("containerStatuses", [])
        return any(
            each["state"].get("waiting", {}).get("reason") == "ErrImageNeverPull" for each in seen
        )

    east = nodes["east"]
    east.apply(pod("one", fresh_namespace_on_nodes, "registry.example.org/nothing:1"))
    east.wait_for("pod", "one", refused, namespace=fresh_namespace_on_nodes)
    assert "PullImage" not in east.node.containerd.server.log.read_text()


def test_pods_and_their_data_come_back_when_the_machine_does(
    nodes: NodeTestbed, fresh_namespace_on_nodes: str
) -> None:
    east = nodes["east"]
    before = run_pod(east, "one", fresh_namespace_on_nodes)
    within(east, fresh_namespace_on_nodes, "echo dry > /scratch/harbour; sync")
    east.reboot()
    after = east.wait_for(
        "pod",
        "one",
        lambda found: is_ready(found) and restarts(found) > restarts(before),
        namespace=fresh_namespace_on_nodes,
        seconds=120,
    )
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert within(east, fresh_namespace_on_nodes, "cat /scratch/harbour") == "dry"


def restarts(found: Object) -> int:
    return int(found["status"]["containerStatuses"][0]["restartCount"])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for testbeds of the test's own, in which nothing runs afterwards."""
    monkeypatch.setenv(state.STATE_VARIABLE, str(tmp_path))
    yield tmp_path
    state.sweep()


def test_nodes_of_a_killed_run_are_swept_with_all_that_they_have_started(root: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline()
        [folder] = root.glob("run-*")
        lone = NodeTestbed(folder, ["lone"], with_velero=False)["lone"]
        run_pod(lone, "one", "default")
        groups = set(groups_of(folder))
        assert groups
        assert processes_of(folder)
        owner.send_signal(signal.SIGKILL)
    state.sweep()
    assert not folder.exists()
    assert processes_of(folder) == set()
    assert not any(group.exists() for group in groups)
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()


def groups_of(folder: Path) -> Iterator[Path]:
    """Yield the cgroups of the containers that were started below a folder."""
    for container in folder.glob("*/files/var-lib-containerd/io.containerd.grpc.v1.cri/*/*"):
        yield from Path("/sys/fs/cgroup").glob(f"*/k8s.io/{container.name}")
        yield from Path("/sys/fs/cgroup").glob(f"k8s.io/{container.name}")


def processes_of(folder: Path) -> set[int]:
    """Return the ids of the processes that name the folder in their arguments or mounts."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        for file in ("cmdline", "mountinfo"):
            try:
                if os.fsencode(folder) in (process / file).read_bytes():
                    found.add(int(process.name))
            except OSError:
                continue
    return found
