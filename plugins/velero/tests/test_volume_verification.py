"""A restore is not done while its volumes are empty, whatever its phase and its objects say."""

from __future__ import annotations

import msgspec
import pytest

from slackwater.clusters import Cluster
from slackwater_velero.access import Velero
from slackwater_velero.objects import Restore
from slackwater_velero.volume_verification import verify_volumes


@pytest.fixture
def verify(emulated, voice, tmp_path):
    """Verify the namespace shop by Restores of these names, the oldest first."""
    emulated.velero.kill("east")
    kubeconfig = tmp_path / "kubeconfig"
    emulated.server.kubeconfig(kubeconfig, context="east")
    velero = Velero(Cluster("east", kubeconfig=kubeconfig, timeout=5), "velero")

    def run(*names):
        restores = [msgspec.convert({"metadata": {"name": name}}, Restore) for name in names]
        return [
            (each.code, each.subject) for each in verify_volumes(velero, restores, "shop", voice)
        ]

    return run


def put_movement(emulated, name, restore, phase, *, pod="web-0", made="2026-11-21T12:00:00Z"):
    emulated.put(
        "PodVolumeRestore",
        name,
        {"pod": {"namespace": "shop", "name": pod}, "volume": "data"},
        {"phase": phase},
        labels={"velero.io/restore-name": restore},
        creationTimestamp=made,
    )


def put_pod(emulated, name, *, waits):
    state = {"running": {}} if waits else {"terminated": {"exitCode": 0}}
    emulated.api.seed(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"initContainers": [{"name": "restore-wait"}]},
            "status": {"initContainerStatuses": [{"name": "restore-wait", "state": state}]},
        }
    )


def test_volumes_that_all_came_back_are_no_finding(emulated, verify):
    put_movement(emulated, "a", "first", "Completed")
    put_pod(emulated, "web-0", waits=True)
    put_pod(emulated, "web-1", waits=False)

    assert verify("first") == []


def test_a_volume_that_the_first_of_two_restores_lost_is_found_after_the_second(emulated, verify):
    put_movement(emulated, "a", "first", "Canceled")

    assert verify("first", "second") == [("volume-not-restored", "volume data of pod shop/web-0")]


def test_a_volume_that_the_second_restore_brought_is_there(emulated, verify):
    put_movement(emulated, "a", "first", "Canceled")
    put_movement(emulated, "b", "second", "Completed", made="2026-11-21T12:05:00Z")

    assert verify("first", "second") == []


def test_a_pod_that_waits_for_what_nobody_brings_is_found(emulated, verify):
    put_pod(emulated, "web-0", waits=True)

    assert verify("first") == [("pod-waits", "shop/web-0")]
