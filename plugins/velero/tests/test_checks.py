"""``check`` names each thing that is wrong, with its way out, and never raises."""

from __future__ import annotations

import pytest

from slackwater.testing.kubernetes_api import Rule
from slackwater_velero.rights import rights
from slackwater_velero.server import ask_server
from slackwater_velero.translation import ALREADY_STORED

LOCATIONS = "backupstoragelocations.velero.io"


def codes(backend):
    return {finding.code for finding in backend.check()}


def found(backend, code):
    return next(finding for finding in backend.check() if finding.code == code)


def test_a_whole_installation_has_nothing_to_say(emulated):
    assert emulated.backend().check() == []


def test_a_cluster_without_velero_is_told(emulated):
    for definition in emulated.api.list("customresourcedefinitions.apiextensions.k8s.io"):
        emulated.api.delete(
            "customresourcedefinitions.apiextensions.k8s.io", definition["metadata"]["name"]
        )
    backend = emulated.backend()

    finding = found(backend, "not-installed")

    assert finding.stops_restores
    assert "kubectl get crd" in finding.way_out
    assert not backend.describe().available


def test_the_wrong_namespace_is_told_with_the_right_one(emulated):
    emulated.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "backup"}})

    finding = found(emulated.backend(namespace="backup", answer_within=0.1), "wrong-namespace")

    assert finding.way_out == "say namespace: velero in the fleet file"


def test_no_location_at_all_is_told(emulated):
    emulated.api.delete(LOCATIONS, "default", "velero")

    assert "no-location" in codes(emulated.backend())


def test_an_unknown_location_is_told_with_the_known_ones(emulated):
    finding = found(emulated.backend(location="offsite"), "no-location")

    assert "known here: default" in finding.message


def test_no_default_location_is_told(emulated):
    emulated.api.delete(LOCATIONS, "default", "velero")
    spec = {"provider": "aws", "objectStorage": {"bucket": "backups", "prefix": "x"}}
    emulated.put("BackupStorageLocation", "other", spec, {"phase": "Available"})

    finding = found(emulated.backend(), "no-default-location")

    assert "patch backupstoragelocation other" in finding.way_out


def test_the_default_of_the_server_needs_no_mark(emulated):
    emulated.api.patch(LOCATIONS, "default", {"spec": {"default": None}}, "velero")

    assert codes(emulated.backend()) == set()


def test_a_location_that_is_away_is_told_with_veleros_words(emulated):
    change = {"spec": {"objectStorage": {"bucket": "nowhere"}}}
    emulated.api.patch(LOCATIONS, "default", change, "velero")
    emulated.velero.tick()

    finding = found(emulated.backend(), "store-unavailable")

    assert "NoSuchBucket" in finding.message
    assert finding.severity == "error"


def test_another_location_that_is_away_is_a_warning(emulated):
    spec = {"provider": "aws", "objectStorage": {"bucket": "nowhere"}}
    emulated.put("BackupStorageLocation", "other", spec, {"phase": "Unavailable"})

    assert found(emulated.backend(), "store-unavailable").severity == "warning"


def test_a_read_only_location_is_told(emulated):
    emulated.api.patch(LOCATIONS, "default", {"spec": {"accessMode": "ReadOnly"}}, "velero")

    assert "store-read-only" in codes(emulated.backend())


def test_a_server_that_is_down_is_told(emulated):
    emulated.velero.kill("east")

    finding = found(emulated.backend(answer_within=0.1), "server-silent")

    assert "0.1 s" in finding.message
    assert emulated.api.list("serverstatusrequests.velero.io", "velero") == []


@pytest.mark.parametrize(
    ("version", "code"), [("v1.17.2", "version-untested"), ("v1.18.1", "version-broken")]
)
def test_other_versions_are_named(emulated, monkeypatch, version, code):
    monkeypatch.setattr("slackwater_velero.emulator.requests.VERSION", version)

    assert version in found(emulated.backend(), code).message


def test_a_version_is_described_by_the_servers_image(emulated):
    description = emulated.backend().describe()

    assert (description.version, description.tested) == ("v1.18.3", True)


def test_without_a_deployment_the_server_is_asked_for_its_version(emulated, monkeypatch):
    emulated.api.delete("deployments.apps", "velero", "velero")
    monkeypatch.setattr("slackwater_velero.emulator.requests.VERSION", "v1.17.2")

    description = emulated.backend().describe()

    assert (description.version, description.tested) == ("v1.17.2", False)


def test_flags_of_the_server_set_the_limits(emulated):
    container = {"name": "velero", "image": "velero/velero:v1.18.3"}
    container["args"] = ["server", "--concurrent-backups=4"]
    change = {"spec": {"template": {"spec": {"containers": [container]}}}}
    emulated.api.patch("deployments.apps", "velero", change, "velero")

    assert emulated.backend().describe().limits == {"backups": 4, "restores": 1}


def test_an_invalid_schedule_is_told(emulated):
    status = {"phase": "FailedValidation", "validationErrors": ["invalid schedule: five"]}
    emulated.put("Schedule", "odd", {"schedule": "* *"}, status)

    assert "invalid schedule: five" in found(emulated.backend(), "schedule-invalid").message


def test_a_failed_attempt_under_a_taken_name_is_told(emulated):
    status = {"phase": "Failed", "failureReason": ALREADY_STORED}
    emulated.put("Backup", "b", {"storageLocation": "default"}, status)

    finding = found(emulated.backend(), "phantom")

    assert "kubectl -n velero delete backup b" in finding.way_out


def test_a_deletion_that_failed_is_told_with_its_reason(emulated):
    emulated.put("Backup", "b", {"storageLocation": "default"}, {"phase": "Deleting"})
    status = {"phase": "Processed", "errors": ["the disk was full"]}
    emulated.put("DeleteBackupRequest", "d", {"backupName": "b"}, status)

    assert "the disk was full" in found(emulated.backend(), "deletion-failed").message


def test_what_cannot_be_collected_is_told(emulated):
    emulated.put(
        "Backup",
        "b",
        {"storageLocation": "default"},
        {"phase": "Completed"},
        labels={"velero.io/gc-failure": "BSLReadOnly"},
    )

    assert "BSLReadOnly" in found(emulated.backend(), "not-collected").message


def test_backups_of_another_cluster_in_a_writable_store_are_told(emulated):
    stamp = {"slackwater.dev/cluster": "west", "slackwater.dev/cluster-uid": "another"}
    emulated.put(
        "Backup",
        "b",
        {"storageLocation": "default"},
        {"phase": "Completed", "completionTimestamp": "2026-11-21T00:00:00Z"},
        annotations=stamp,
    )

    assert "holds backups of west" in found(emulated.backend(), "two-writers").message


def test_each_missing_right_is_named(emulated):
    emulated.server.rights("weak", Rule(("get", "list"), ("*",), ("*",)), user="weak")
    backend = emulated.backend(token="weak")

    findings = [finding for finding in backend.check() if finding.code == "right-missing"]

    said = {finding.subject: finding.message for finding in findings}
    assert "create, patch, delete" in said["backups.velero.io"]
    assert "schedules.velero.io" not in said


def test_the_rights_in_the_table_are_enough(emulated):
    granted = [
        Rule((right.verb,), (right.resource,), (right.group,), namespace=right.namespace or None)
        for right, _ in rights("velero")
    ]
    emulated.server.rights("least", *granted, user="least")

    assert emulated.backend(token="least").check() == []


def test_nothing_is_left_of_asking_the_server(emulated):
    backend = emulated.backend()

    answer = ask_server(backend._velero, 1.0)

    assert answer is not None
    assert answer.server_version == "v1.18.3"
    assert emulated.api.list("serverstatusrequests.velero.io", "velero") == []
