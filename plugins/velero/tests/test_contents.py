"""What a backup really holds, by the files that Velero wrote of it."""

from __future__ import annotations

import json

import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Requirement, shortfalls
from slackwater.model.workload import Workload
from slackwater_velero.contents import Unreadable, read_contents
from slackwater_velero.downloads import Missing, Target
from slackwater_velero.inside import judge
from slackwater_velero.objects import Backup
from slackwater_velero.resource_policies import NO_FILTERS
from slackwater_velero.results import MOST, read_results, result_findings
from slackwater_velero.translation import Translator

VOLS = Workload(cluster="east", namespace="vols")


@pytest.fixture
def files(recorded):
    return {
        Target.BACKUP_OBJECTS: recorded("backup-BackupResourceList.json"),
        Target.BACKUP_VOLUMES: recorded("backup-BackupVolumeInfos.json"),
        Target.BACKUP_RESULTS: recorded("backup-BackupResults.json"),
    }


@pytest.fixture
def point(recorded, voice, location):
    translator = Translator(voice, {"default": location}, lambda _: NO_FILTERS)
    return translator.point(recorded("backup.json", Backup))


def volumes(*infos):
    return json.dumps(list(infos)).encode()


def info(claim="data", **said):
    return {"pvcName": claim, "pvcNamespace": "shop", "pvName": f"pv-{claim}", **said}


def held(*infos, listed=()):
    objects = json.dumps({"v1/PersistentVolumeClaim": list(listed)}).encode()
    return read_contents(objects, volumes(*infos)).volumes


def test_objects_are_counted_by_namespace(files):
    contents = read_contents(files[Target.BACKUP_OBJECTS], files[Target.BACKUP_VOLUMES])

    assert contents.objects == {"": 3, "vols": 7}


def test_recorded_completed_backup_with_three_lost_volumes_is_partial(files, point, voice):
    judged = judge(point, files, voice)

    assert point.phase is Phase.SUCCEEDED
    assert judged.phase is Phase.PARTIAL
    lost = {volume.claim: volume.reason for volume in judged.contents.volumes if not volume.held}
    assert set(lost) == {"disk", "files", "waiting"}
    assert lost["disk"] == "volumeSnapshot: no applicable volumesnapshotter found"
    assert "says nothing" in lost["waiting"]
    assert [finding.code for finding in judged.findings] == ["volume-skipped"] * 3
    assert len(shortfalls(judged, VOLS, (Requirement.VOLUMES,))) == 3


@pytest.mark.parametrize(
    ("said", "method", "outside"),
    [
        ({"backupMethod": "PodVolumeBackup", "pvbInfo": {"size": 7}}, "files", True),
        (
            {
                "backupMethod": "CSISnapshot",
                "snapshotDataMoved": True,
                "snapshotDataMovementInfo": {"size": 7},
            },
            "moved data",
            True,
        ),
        ({"backupMethod": "CSISnapshot", "csiSnapshotInfo": {"size": 7}}, "CSI snapshot", False),
    ],
)
def test_a_volume_that_succeeded_is_held(said, method, outside):
    (volume,) = held(info(result="succeeded", **said), listed=["shop/data"])

    assert (volume.held, volume.method, volume.off_cluster, volume.size) == (
        True,
        method,
        outside,
        7,
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"result": "failed", "backupMethod": "PodVolumeBackup"}, "failed to take it"),
        ({"backupMethod": "CSISnapshot"}, "gave no result"),
        ({"skipped": True, "skippedReason": "a policy;"}, "a policy"),
        ({"skipped": True}, "no reason"),
    ],
)
def test_a_volume_that_did_not_succeed_is_not_held(said, reason):
    (volume,) = held(info(**said), listed=["shop/data"])

    assert not volume.held
    assert reason in volume.reason
    assert not volume.off_cluster


def test_a_claim_that_velero_says_nothing_of_is_not_held():
    (volume,) = held(listed=["shop/data"])

    assert (str(volume), volume.held) == ("shop/data", False)


def test_one_of_two_pods_that_mount_a_claim_is_enough():
    twice = (
        info(result="failed", backupMethod="PodVolumeBackup"),
        info(result="succeeded", backupMethod="PodVolumeBackup"),
    )

    (volume,) = held(*twice, listed=["shop/data"])

    assert volume.held


def test_no_volumes_at_all_is_no_loss(point, voice, files):
    files[Target.BACKUP_OBJECTS] = b'{"v1/ConfigMap":["vols/prices"]}'
    files[Target.BACKUP_VOLUMES] = b"null"

    assert judge(point, files, voice).phase is Phase.SUCCEEDED


def test_no_objects_at_all_is_never_good(point, voice, files):
    files[Target.BACKUP_OBJECTS] = b"{}"
    files[Target.BACKUP_VOLUMES] = b"[]"

    judged = judge(point, files, voice)

    assert judged.phase is Phase.PARTIAL
    assert {finding.code for finding in judged.findings} == {"empty"}


@pytest.mark.parametrize("target", [Target.BACKUP_OBJECTS, Target.BACKUP_VOLUMES])
def test_a_file_that_cannot_be_had_leaves_the_contents_unknown(point, voice, files, target):
    files[target] = Missing("the store has no such file")

    judged = judge(point, files, voice)

    assert judged.contents is None
    assert "no such file" in judged.findings[0].message
    assert shortfalls(judged, VOLS, ())


@pytest.mark.parametrize("content", [b"[1, 2", b'{"a": 3}', b'"text"', b""])
def test_files_that_velero_would_not_write_are_unreadable(content):
    with pytest.raises(Unreadable):
        read_contents(content, b"[]")
    with pytest.raises(Unreadable):
        read_contents(b"{}", content or b"x")


def test_warnings_are_kept_apart_from_losses(point, voice, files):
    files[Target.BACKUP_OBJECTS] = b'{"v1/ConfigMap":["vols/prices"]}'
    files[Target.BACKUP_VOLUMES] = b"[]"
    files[Target.BACKUP_RESULTS] = b'{"errors":{},"warnings":{"velero":["a pod was not running"]}}'

    judged = judge(point, files, voice)

    assert judged.phase is Phase.SUCCEEDED
    assert [(f.code, f.severity) for f in judged.findings] == [("velero-warning", "warning")]


def test_what_kubernetes_puts_into_every_namespace_is_no_loss(recorded, voice):
    results = read_results(recorded("restore-RestoreResults.json"))

    (finding,) = result_findings(results, "r", voice)

    assert "kube-root-ca.crt" in finding.message
    assert (finding.severity, finding.code) == ("info", "velero-note")


def test_long_results_are_cut_and_counted(voice):
    said = json.dumps({"warnings": {"namespaces": {"shop": [str(n) for n in range(MOST + 5)]}}})

    findings = list(result_findings(read_results(said.encode()), "b", voice))

    assert len(findings) == MOST + 1
    assert "5 more" in findings[-1].message


def test_results_that_are_none_are_empty():
    assert read_results(b"<html>").errors == ()
