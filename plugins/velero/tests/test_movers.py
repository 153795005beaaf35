"""Movements of volume data whose end Velero never tells: noticed, named, and ended in our runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slackwater.model.operation import OperationRef, Phase

POD = {"namespace": "shop", "name": "web-0"}
OUT = ("backup", "Backup", "velero.io/backup-name")
BACK = ("restore", "Restore", "velero.io/restore-name")


def ago(minutes):
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def ref(handle):
    return OperationRef(tool="velero", cluster="east", handle=handle)


def moving(*, written=10, accepted=True, phase="InProgress", **status):
    """A status and metadata of a movement that was last written to so many minutes ago."""
    begun = {"acceptedTimestamp": ago(20)} if accepted else {}
    return {
        "status": {"phase": phase, "startTimestamp": ago(20), **begun, **status},
        "managedFields": [{"time": ago(20)}, {"time": ago(written)}],
    }


@pytest.fixture
def quiet(emulated):
    """The emulated cluster without its server: what stands there stays as it is."""
    emulated.velero.kill("east")
    return emulated


def put(quiet, way, kind, spec, *, name="move-1", of="mine", since=20, phase="InProgress", **moved):
    sort, owner, label = way
    quiet.put(owner, of, {}, {"phase": phase, "startTimestamp": ago(since)})
    status = moved.pop("status")
    body = {
        "apiVersion": f"velero.io/{'v2alpha1' if kind.startswith('Data') else 'v1'}",
        "kind": kind,
        "metadata": {"name": name, "namespace": "velero", "labels": {label: of}, **moved},
        "spec": spec,
        "status": status,
    }
    quiet.api.seed(body)
    return ref(f"{sort}/{of}")


def give_pod(quiet, name="move-1"):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "velero"}}
    quiet.api.seed(pod)


def looked_at(quiet, operation, **settings):
    return quiet.backend(**settings).get_operations([operation])[operation]


VOLUME = {"pod": POD, "volume": "data"}


@pytest.mark.parametrize(
    ("way", "kind", "spec", "named"),
    [
        (OUT, "PodVolumeBackup", VOLUME, "volume data of pod shop/web-0"),
        (BACK, "PodVolumeRestore", VOLUME, "volume data of pod shop/web-0"),
        (OUT, "DataUpload", {"sourceNamespace": "shop", "sourcePVC": "data"}, "claim shop/data"),
        (
            BACK,
            "DataDownload",
            {"targetVolume": {"namespace": "shop", "pvc": "data", "pv": ""}},
            "claim shop/data",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_movement_whose_pod_is_gone_ends_our_waiting(quiet, way, kind, spec, named):
    operation = looked_at(quiet, put(quiet, way, kind, spec, **moving()))

    assert (operation.phase, operation.retryable) == (Phase.FAILED, False)
    assert named in operation.message
    (finding,) = operation.findings
    assert finding.code == "mover-gone"
    assert "kubectl -n velero rollout restart daemonset node-agent" in finding.way_out


def test_a_movement_with_its_pod_is_waited_for(quiet):
    handle = put(quiet, OUT, "PodVolumeBackup", VOLUME, **moving())
    give_pod(quiet)

    assert looked_at(quiet, handle).phase is Phase.RUNNING


@pytest.mark.parametrize(
    ("since", "moved"),
    [
        (20, {"written": 1}),
        (1, {}),
        (20, {"accepted": False}),
        (20, {"phase": "Prepared"}),
        (20, {"phase": "Completed"}),
    ],
    ids=["still told of", "just begun", "moved without a pod", "to be noticed by Velero", "done"],
)
def test_a_movement_that_may_yet_end_is_waited_for(quiet, since, moved):
    handle = put(quiet, OUT, "PodVolumeBackup", VOLUME, since=since, **moving(**moved))

    assert looked_at(quiet, handle).phase is Phase.RUNNING


def test_how_long_a_mover_may_be_gone_is_a_setting(quiet):
    handle = put(quiet, OUT, "PodVolumeBackup", VOLUME, **moving())

    assert looked_at(quiet, handle, mover_gone_after=3600).phase is Phase.RUNNING
    assert looked_at(quiet, handle, mover_gone_after=60).phase is Phase.FAILED


def test_a_young_operation_costs_no_further_request(quiet):
    handle = put(quiet, OUT, "PodVolumeBackup", VOLUME, since=1, **moving())
    backend = quiet.backend()
    before = len(quiet.server.calls)

    backend.get_operations([handle])

    assert len(quiet.server.calls) == before + 1


@pytest.mark.parametrize("phase", ["Failed", "PartiallyFailed"])
def test_a_restore_that_left_volumes_behind_names_them_and_is_not_tried_anew(quiet, phase):
    broken = moving(phase="Canceled", message="the server was restarted")
    handle = put(quiet, BACK, "PodVolumeRestore", VOLUME, phase=phase, **broken)

    operation = looked_at(quiet, handle)

    assert not operation.retryable
    (finding,) = operation.findings
    assert (finding.code, finding.subject) == (
        "volume-not-restored",
        "volume data of pod shop/web-0",
    )
    assert "Canceled, the server was restarted" in finding.message


def test_a_failed_restore_whose_volumes_came_back_is_worth_another_try(quiet):
    done = moving(phase="Completed")
    handle = put(quiet, BACK, "PodVolumeRestore", VOLUME, phase="Failed", **done)

    operation = looked_at(quiet, handle)

    assert operation.retryable
    assert operation.findings == ()
