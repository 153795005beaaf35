"""Velero's states as operations: what is worth another try, and what does not get on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from slackwater.errors import OperationNotFound, TransientBackendError, Unsupported
from slackwater.model.act import Act, ActKind, Key
from slackwater.model.operation import OperationRef, Phase
from slackwater_velero.access import Velero
from slackwater_velero.locations import location_of
from slackwater_velero.objects import Backup, Restore, StorageLocation
from slackwater_velero.operation_states import backup_operation, restore_operation
from slackwater_velero.sync import sync_operation
from slackwater_velero.watchdogs import queue_findings, restore_stuck

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


def ref(handle):
    return OperationRef(tool="velero", cluster="east", handle=handle)


def backup(name="b", *, phase="", age=timedelta(0), location="default", **status):
    raw = {
        "metadata": {"name": name, "creationTimestamp": (NOW - age).isoformat()},
        "spec": {"storageLocation": location},
        "status": {"phase": phase, **status},
    }
    return msgspec.convert(raw, Backup)


def restore(**status):
    return msgspec.convert({"metadata": {"name": "r"}, "status": status}, Restore)


def test_a_recorded_backup_is_a_success_with_progress(recorded):
    operation = backup_operation(ref("backup/b"), recorded("backup.json", Backup), ())

    assert (operation.phase, str(operation.progress)) == (Phase.SUCCEEDED, "10/10 objects")
    assert operation.point == "sw-east-vols-0801-467278e5"


def test_a_recorded_failed_validation_keeps_veleros_words(recorded):
    read = recorded("backup-failed-validation.json", Backup)

    operation = backup_operation(ref("backup/nowhere"), read, ())

    assert (operation.phase, operation.point) == (Phase.FAILED, "")
    assert "nowhere" in operation.message
    assert not operation.retryable


UNAVAILABLE = (
    "backup can't be created because BackupStorageLocation default is in Unavailable status."
)
READ_ONLY = (
    "backup can't be created because backup storage location default is currently in read-only mode"
)


@pytest.mark.parametrize(
    ("errors", "retryable"),
    [([UNAVAILABLE], True), ([READ_ONLY], False), ([UNAVAILABLE, READ_ONLY], False), ([], False)],
)
def test_validation_that_failed_by_the_store_alone_is_worth_another_try(errors, retryable):
    failed = backup(phase="FailedValidation", validationErrors=errors)

    assert backup_operation(ref("backup/b"), failed, ()).retryable is retryable


def test_work_lost_by_a_restart_is_worth_another_try():
    lost = backup(phase="Failed", failureReason="found a backup with status")

    assert backup_operation(ref("backup/b"), lost, ()).retryable


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        ("Error retrieving backup: can't find backup velero/b: not found", True),
        ("The BSL default is unavailable, cannot retrieve the backup", True),
        ("Invalid included/excluded resource lists", False),
    ],
)
def test_a_restore_made_too_early_is_worth_another_try(error, retryable):
    failed = restore(phase="FailedValidation", validationErrors=[error])

    assert restore_operation(ref("restore/r"), failed, ()).retryable is retryable


def storage(synced="2026-11-21T13:00:00Z", phase="Available", message="", name="default"):
    raw = {
        "metadata": {"name": name},
        "spec": {"provider": "aws"},
        "status": {"phase": phase, "message": message, "lastSyncedTime": synced},
    }
    return location_of(msgspec.convert(raw, StorageLocation))


def synced(location, found, voice):
    return sync_operation(ref("sync/default/b"), location, found, voice)


def test_a_backup_that_is_not_there_is_waited_for(voice):
    operation = synced(storage(), None, voice)

    assert operation.phase is Phase.RUNNING
    assert "once a minute" in operation.message


def test_a_backup_is_synced_when_the_round_that_made_it_has_ended(voice):
    made = backup(phase="Completed")

    assert synced(storage("2026-11-21T12:59:00Z"), made, voice).phase is Phase.RUNNING
    assert synced(storage("2026-11-21T13:00:00Z"), made, voice).phase is Phase.SUCCEEDED


def test_a_store_that_is_away_is_told_while_waiting(voice):
    operation = synced(storage(phase="Unavailable", message="NoSuchBucket"), None, voice)

    assert operation.phase is Phase.RUNNING
    assert "NoSuchBucket" in operation.findings[0].message


def test_a_store_that_velero_has_not_looked_at_is_no_trouble_yet(voice):
    assert synced(storage(phase="", message=""), None, voice).findings == ()


def test_a_name_taken_by_another_location_never_syncs(voice):
    operation = synced(storage(), backup(location="another"), voice)

    assert (operation.phase, operation.retryable) == (Phase.FAILED, False)


def test_a_location_that_was_removed_ends_the_waiting(voice):
    assert synced(None, None, voice).phase is Phase.FAILED


def codes(findings):
    return [finding.code for finding in findings]


def test_a_queue_in_which_nothing_runs_is_dead(voice):
    waiting = [backup(str(n), phase="Queued", age=timedelta(minutes=9)) for n in range(3)]

    (finding,) = queue_findings(waiting, voice, NOW)

    assert (finding.code, finding.severity) == ("queue-stuck", "error")
    assert finding.message.startswith("3 backups")


def test_a_queue_behind_running_work_is_alive(voice):
    backups = [backup("q", phase="Queued", age=timedelta(minutes=9))]

    assert codes(queue_findings([*backups, backup("w", phase="ReadyToStart")], voice, NOW)) == []
    assert codes(queue_findings([*backups, backup("w", phase="InProgress")], voice, NOW)) == [
        "queue-waits"
    ]


def test_what_a_queue_waits_for_is_named_once_it_takes_long(voice):
    waiting = backup("q", phase="Queued", age=timedelta(minutes=9))
    under_way = backup("turned-back", phase="InProgress")

    (finding,) = queue_findings([waiting, under_way], voice, NOW)

    assert (finding.subject, finding.severity) == ("turned-back", "info")
    assert "rollout restart deployment velero" in finding.way_out
    young = backup("q", phase="Queued", age=timedelta(minutes=1))
    assert codes(queue_findings([young, under_way], voice, NOW)) == []


def test_a_short_queue_is_alive(voice):
    just_now = backup(phase="Queued", age=timedelta(minutes=1))

    assert codes(queue_findings([just_now], voice, NOW)) == []


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (backup(phase="", age=timedelta(minutes=5)), "not-seen"),
        (backup(phase="New", age=timedelta(minutes=5)), "not-seen"),
        (backup(phase="ReadyToStart", age=timedelta(minutes=9)), "start-stuck"),
        (backup(phase="InProgress", startTimestamp="2026-11-21T08:00:00Z"), "slow"),
        (backup(phase="Finalizing", startTimestamp="2026-11-21T08:00:00Z"), "slow"),
    ],
)
def test_work_that_stands_still_is_noticed(voice, found, code):
    assert codes(queue_findings([found], voice, NOW)) == [code]


@pytest.mark.parametrize(
    "found",
    [
        backup(phase="New", age=timedelta(seconds=30)),
        backup(phase="InProgress", startTimestamp="2026-11-21T12:00:00Z", age=timedelta(hours=9)),
        backup(
            phase="Completed", age=timedelta(days=9), completionTimestamp="2026-11-20T00:00:00Z"
        ),
        backup(phase="FailedValidation", age=timedelta(days=9)),
    ],
)
def test_work_that_goes_on_or_has_ended_is_left_alone(voice, found):
    assert codes(queue_findings([found], voice, NOW)) == []


def test_a_slow_restore_is_noticed(voice):
    slow = restore(phase="Finalizing", startTimestamp="2026-11-21T08:00:00Z")
    quick = restore(phase="InProgress", startTimestamp="2026-11-21T12:59:00Z")

    assert codes(restore_stuck(slow, voice, NOW)) == ["slow"]
    assert codes(restore_stuck(quick, voice, NOW)) == []


def test_a_waiting_backup_is_removed_by_cancel(emulated):
    emulated.velero.kill("east")
    emulated.put("Backup", "waiting", {"storageLocation": "default"})
    backend = emulated.backend()

    backend.cancel_operation(ref("backup/waiting"))

    assert backend.get_operations([ref("backup/waiting")]) == {}


def test_a_backup_that_begins_in_that_moment_is_not_removed(emulated, monkeypatch):
    emulated.velero.kill("east")
    emulated.put("Backup", "waiting", {"storageLocation": "default"})
    backend = emulated.backend()
    find = Velero.find

    def find_then_begin(*arguments):
        found = find(*arguments)
        begun = {"status": {"phase": "ReadyToStart"}}
        emulated.api.patch("backups.velero.io", "waiting", begun, "velero")
        return found

    monkeypatch.setattr(Velero, "find", find_then_begin)

    with pytest.raises(TransientBackendError):
        backend.cancel_operation(ref("backup/waiting"))
    assert emulated.api.get("backups.velero.io", "waiting", "velero")


@pytest.mark.parametrize("phase", ["InProgress", "Finalizing", "Completed"])
def test_a_backup_that_has_begun_cannot_be_cancelled(emulated, phase):
    emulated.put("Backup", "begun", {"storageLocation": "default"}, {"phase": phase})

    with pytest.raises(Unsupported, match="cannot stop"):
        emulated.backend().cancel_operation(ref("backup/begun"))


def test_a_restore_cannot_be_cancelled_but_a_wait_can(emulated):
    backend = emulated.backend()

    backend.cancel_operation(ref("sync/default/b"))
    with pytest.raises(Unsupported):
        backend.cancel_operation(ref("restore/r"))


def test_a_foreign_act_is_unsupported(emulated):
    act = Act(id="x", kind=ActKind.OPERATED, title="bake a cake", payload={"do": "bake"})

    with pytest.raises(Unsupported, match="bake a cake"):
        emulated.backend().start(act, Key(run="r", step="1"))


@pytest.mark.parametrize("handle", ["nonsense", "backup/none", "restore/none"])
def test_a_reference_to_nothing_cannot_be_explained(emulated, handle):
    with pytest.raises(OperationNotFound):
        emulated.backend().explain_operation(ref(handle))


def test_an_operation_that_nobody_has_looked_at_is_explained_without_a_log(emulated):
    emulated.velero.kill("east")
    emulated.put("Backup", "waiting", {"storageLocation": "default"})

    explanation = emulated.backend().explain_operation(ref("backup/waiting"))

    assert explanation.log_tail == ()
    assert "backup describe waiting" in explanation.native_command
    assert "kubectl -n velero get backup waiting" in explanation.native_command


def test_several_operations_of_one_sort_take_one_list(emulated):
    names = [f"sw-x-{n:08x}" for n in range(30)]
    for name in names:
        digest = name.rpartition("-")[2]
        emulated.put(
            "Backup", name, {}, {"phase": "Completed"}, labels={"slackwater.dev/key": digest}
        )
    backend = emulated.backend()
    backend.describe()
    before = len(emulated.server.calls)

    found = backend.get_operations([ref(f"backup/{name}") for name in names])

    assert len(found) == 30
    assert len(emulated.server.calls) == before + 1
