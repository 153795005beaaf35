"""Recorded Backups in, recovery points out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.workload import Workload
from slackwater_velero.locations import location_of
from slackwater_velero.objects import Backup, StorageLocation
from slackwater_velero.resource_policies import NO_FILTERS, Filters
from slackwater_velero.translation import ALREADY_STORED, Translator, is_phantom


@pytest.fixture
def translator(voice, location):
    return Translator(voice, {"default": location}, unfiltered)


@pytest.fixture
def altered(recorded):
    """A recorded Backup with changes merged into its parts."""

    def alter(**parts):
        read = json.loads(recorded("backup.json"))
        for part, change in parts.items():
            read[part] = {**read[part], **change}
        return msgspec.convert(read, Backup)

    return alter


def unfiltered(_):
    return NO_FILTERS


def codes(point):
    return {finding.code for finding in point.findings}


def test_a_completed_backup_of_ours_is_a_point_with_our_stamp(recorded, translator):
    point = translator.point(recorded("backup.json", Backup))

    assert point.phase is Phase.SUCCEEDED
    assert point.stamp is not None
    assert (point.origin, point.stamp.policy, point.stamp.mark, point.stamp.mark_parts) == (
        "east",
        "gold",
        "before-migration",
        2,
    )
    assert point.made_by == "policy gold"
    assert point.covers(Workload(cluster="east", namespace="vols"))
    assert point.begin is not None
    assert point.end is not None
    assert timedelta(0) <= point.end - point.begin < timedelta(minutes=1)
    assert point.expires == point.begin + timedelta(days=40)


def test_a_point_built_quickly_is_valid(recorded, translator):
    point = translator.point(recorded("backup.json", Backup))

    assert RecoveryPoint.model_validate_json(point.model_dump_json()) == point


def test_a_backup_of_their_schedule_is_adopted(recorded, translator):
    point = translator.point(recorded("backup-scheduled.json", Backup))

    assert point.made_by == "schedule often"
    assert point.stamp is None
    assert point.origin == ""


def test_a_synced_backup_is_the_same_point_elsewhere(recorded, translator, voice):
    shown = location_of(recorded("location-shown.json", StorageLocation))
    elsewhere = Translator(voice, {shown.name: shown}, unfiltered)

    here = translator.point(recorded("backup.json", Backup))
    there = elsewhere.point(recorded("backup-synced.json", Backup))

    assert there.id == here.id
    assert there.stamp == here.stamp
    assert there.places[0].store_name == shown.name
    assert (here.places[0].writable, there.places[0].writable) == (True, False)


def test_a_backup_whose_location_is_gone_says_so(recorded, voice):
    point = Translator(voice, {}, unfiltered).point(recorded("backup.json", Backup))

    assert codes(point) == {"store-gone"}
    assert "east" in point.id.store


def test_two_clusters_that_lost_a_location_do_not_share_a_point(recorded, voice):
    backup = recorded("backup.json", Backup)
    other = Translator(type(voice)("west", "velero"), {}, unfiltered)

    assert Translator(voice, {}, unfiltered).point(backup).id != other.point(backup).id


def test_a_failed_validation_is_a_failure(recorded, translator):
    point = translator.point(recorded("backup-failed-validation.json", Backup))

    assert (point.phase, point.tool_phase) == (Phase.FAILED, "FailedValidation")
    assert not point.usable


def test_an_unknown_phase_is_said_and_not_usable(altered, translator):
    point = translator.point(altered(status={"phase": "Marinating"}))

    assert point.phase is Phase.UNKNOWN
    assert not point.usable
    assert "unknown-phase" in codes(point)


def test_a_backup_being_deleted_is_not_usable(altered, translator):
    point = translator.point(altered(status={"phase": "Deleting"}))

    assert not point.usable
    assert "deleting" in codes(point)


def test_a_completed_backup_of_nothing_is_no_success(altered, translator):
    point = translator.point(altered(status={"progress": {}}))

    assert point.phase is Phase.PARTIAL
    assert codes(point) == {"empty"}


def test_a_backup_without_progress_is_not_called_empty(altered, translator):
    assert translator.point(altered(status={"progress": None})).phase is Phase.SUCCEEDED


def test_a_new_backup_without_a_status_is_pending(altered, recorded, translator):
    read = json.loads(recorded("backup.json"))
    del read["status"]

    point = translator.point(msgspec.convert(read, Backup))

    assert (point.phase, point.begin) == (Phase.PENDING, None)


def test_a_taken_name_is_recognised(recorded):
    assert is_phantom(recorded("backup-phantom.json", Backup))


def test_a_store_that_did_not_answer_is_no_taken_name(altered):
    reason = (
        "backup execution failed: error checking if backup already exists in object storage: "
        "rpc error: connection refused"
    )

    assert not is_phantom(altered(status={"phase": "Failed", "failureReason": reason}))


def test_a_completed_backup_is_no_phantom_whatever_its_reason(altered):
    assert not is_phantom(altered(status={"failureReason": ALREADY_STORED}))


def test_the_filters_of_a_policy_limit_the_point(recorded, voice, location):
    def filtered(_):
        return Filters(limits=("only half of it",))

    translator = Translator(voice, {"default": location}, filtered)
    point = translator.point(recorded("backup.json", Backup))

    assert point.scope.limits == "only half of it"
    assert not point.covers(Workload(cluster="east", namespace="vols"))


def test_times_are_aware_and_utc(recorded, translator):
    point = translator.point(recorded("backup.json", Backup))

    assert point.begin is not None
    assert point.begin.tzinfo is not None
    assert point.begin.utcoffset() == timedelta(0)
    assert point.begin > datetime(2026, 1, 1, tzinfo=UTC)
