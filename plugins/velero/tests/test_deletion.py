"""Deletions never touch what is not theirs, and tell how they went."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from slackwater.errors import RecoveryPointNotFound
from slackwater.model.act import Key
from slackwater.model.operation import OperationRef, Phase
from slackwater.model.recovery_point import PointId
from slackwater.model.request import PointQuery
from slackwater_velero.deletion import plan_deletion
from slackwater_velero.deletion_state import deletion_operation
from slackwater_velero.emulator.installing import location as stored_at
from slackwater_velero.objects import Backup, DeleteRequest
from slackwater_velero.translation import ALREADY_STORED

REF = OperationRef(tool="velero", cluster="east", handle="deletion/b/r")
KEY = Key(run="r-1", step="1")


def backup(phase, **status):
    raw = {"metadata": {"name": "b", "uid": "u"}, "status": {"phase": phase, **status}}
    return msgspec.convert(raw, Backup)


def request(phase="", errors=(), name="r"):
    status = {"phase": phase, "errors": list(errors)}
    raw = {"metadata": {"name": name}, "spec": {"backupName": "b"}, "status": status}
    return msgspec.convert(raw, DeleteRequest)


@pytest.mark.parametrize("phase", ["Completed", "PartiallyFailed", "Failed", "Deleting"])
def test_a_backup_that_ended_is_deleted_through_velero(voice, location, phase):
    plan = plan_deletion(backup(phase), location, (), voice)

    (act,) = plan.acts
    assert act.kind == "operated"
    assert act.payload["labels"] == {"velero.io/backup-name": "b", "velero.io/backup-uid": "u"}
    assert not any(finding.blocks for finding in plan.findings)


def test_what_was_never_stored_loses_its_record_only(voice, location):
    (act,) = plan_deletion(backup("FailedValidation"), location, (), voice).acts

    assert act.kind == "performed"


@pytest.mark.parametrize("phase", ["New", "Queued", "InProgress", "Finalizing"])
def test_a_running_backup_is_not_deleted(voice, location, phase):
    (finding,) = plan_deletion(backup(phase), location, (), voice).findings

    assert (finding.code, finding.blocks) == ("in-progress", True)


def test_a_read_only_location_refuses(voice, location):
    read_only = replace(location, writable=False)

    (finding,) = plan_deletion(backup("Completed"), read_only, (), voice).findings

    assert (finding.code, finding.blocks) == ("store-read-only", True)


def test_a_location_that_is_away_refuses(voice, location):
    away = replace(location, available=False, message="NoSuchBucket")

    (finding,) = plan_deletion(backup("Completed"), away, (), voice).findings

    assert (finding.code, finding.blocks) == ("store-unavailable", True)
    assert "NoSuchBucket" in finding.message


def test_an_earlier_failure_is_told(voice, location):
    earlier = request("Processed", ["the disk was full"])

    (finding,) = plan_deletion(backup("Deleting"), location, [earlier], voice).findings

    assert "the disk was full" in finding.message
    assert not finding.blocks


def test_a_deletion_succeeded_when_the_backup_is_gone():
    assert deletion_operation(REF, None, None, ()).phase is Phase.SUCCEEDED


@pytest.mark.parametrize(
    ("made", "phase"),
    [
        (request(), Phase.PENDING),
        (request("New"), Phase.PENDING),
        (request("InProgress"), Phase.RUNNING),
        (request("Processed"), Phase.RUNNING),
        (request("Processed", ["no"]), Phase.FAILED),
        (request("Marinating"), Phase.UNKNOWN),
    ],
)
def test_a_request_tells_how_far_the_deletion_is(made, phase):
    assert deletion_operation(REF, backup("Deleting"), made, ()).phase is phase


def test_a_newer_request_speaks_for_one_that_it_replaced():
    newer = request("InProgress", name="newer")

    assert deletion_operation(REF, backup("Deleting"), None, [newer]).phase is Phase.RUNNING


def test_a_request_that_vanished_beside_its_backup_has_failed():
    operation = deletion_operation(REF, backup("Deleting"), None, ())

    assert (operation.phase, operation.retryable) == (Phase.FAILED, True)


def put_backup(emulated, name="b", phase="Completed", **status):
    spec = {"storageLocation": "default", "includedNamespaces": ["shop"]}
    emulated.put("Backup", name, spec, {"phase": phase, **status}, uid="uid-1")


def store(emulated, name):
    folder = emulated.velero.cloud.folder(stored_at("default", "east"))
    folder.put(f"backups/{name}/velero-backup.json", {"status": {"phase": "Completed"}})
    return folder


def test_a_failed_attempt_under_a_taken_name_is_never_deleted(emulated):
    put_backup(emulated, phase="Failed", failureReason=ALREADY_STORED)
    backend = emulated.backend()
    identity = backend.list_stores()[0].identity

    assert list(backend.list_recovery_points(PointQuery())) == []
    with pytest.raises(RecoveryPointNotFound):
        backend.plan_deletion(PointId(tool="velero", store=identity, name="b"))


def test_deleting_again_after_success_requests_nothing(emulated):
    put_backup(emulated)
    folder = store(emulated, "b")
    backend = emulated.backend()
    (point,) = backend.list_recovery_points(PointQuery())
    (act,) = backend.plan_deletion(point.id).acts
    first = backend.start(act, KEY)
    emulated.velero.tick()
    assert backend.get_operations([first])[first].phase is Phase.SUCCEEDED

    again = emulated.backend().start(act, KEY)

    assert again == first
    assert emulated.api.list("deletebackuprequests.velero.io", "velero") == []
    assert folder.folders("backups") == []


def test_a_refused_deletion_fails_with_veleros_words(emulated):
    put_backup(emulated)
    store(emulated, "b")
    backend = emulated.backend()
    (point,) = backend.list_recovery_points(PointQuery())
    (act,) = backend.plan_deletion(point.id).acts
    change = {"spec": {"accessMode": "ReadOnly"}}
    emulated.api.patch("backupstoragelocations.velero.io", "default", change, "velero")
    ref = backend.start(act, KEY)
    emulated.velero.tick()

    operation = backend.get_operations([ref])[ref]

    assert operation.phase is Phase.FAILED
    assert "read-only mode" in operation.message
    assert "read-only mode" in backend.explain_operation(ref).errors[0]


def test_a_record_without_data_is_removed_by_itself(emulated):
    put_backup(emulated, phase="FailedValidation", validationErrors=["no"])
    folder = store(emulated, "b")
    backend = emulated.backend()
    (point,) = backend.list_recovery_points(PointQuery())
    (act,) = backend.plan_deletion(point.id).acts

    class Report:
        stopping = False

    assert backend.perform(act, KEY, Report()) == {"removed": True}
    assert backend.perform(act, KEY, Report()) == {"removed": False}
    assert folder.folders("backups") == ["b"]
