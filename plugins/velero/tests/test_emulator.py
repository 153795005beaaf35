"""The emulated Velero does what the real one was read, or seen, to do."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from slackwater.testing.kubernetes_api import ApiError, KubernetesApi
from slackwater.testing.kubernetes_api.workloads import contents, put, seed
from slackwater_velero.emulator import EMULATOR, install, location

BACKUPS, RESTORES = "backups.velero.io", "restores.velero.io"


def phase(emulated, kind, name):
    return (emulated.api.get(kind, name, "velero").get("status") or {}).get("phase", "")


def start(emulated, name, namespace="shop", **spec):
    body = {"includedNamespaces": [namespace], **spec}
    emulated.put("Backup", name, body)


def finish(emulated, kind, name):
    for _ in range(10):
        emulated.velero.tick()
    return phase(emulated, kind, name)


def back_up(emulated, name="b", **spec):
    start(emulated, name, **spec)
    assert finish(emulated, BACKUPS, name) == "Completed"


def restore(emulated, name="r", **spec):
    emulated.put("Restore", name, {"backupName": "b", **spec})
    return finish(emulated, RESTORES, name)


def said(emulated, kind, name, field):
    return (emulated.api.get(kind, name, "velero").get("status") or {}).get(field)


def test_phases_come_in_velero_order(emulated):
    start(emulated, "b", snapshotMoveData=True)
    seen = []
    for _ in range(8):
        emulated.velero.tick()
        seen.append(phase(emulated, BACKUPS, "b"))

    assert list(dict.fromkeys(seen)) == [
        "InProgress",
        "WaitingForPluginOperations",
        "Finalizing",
        "Completed",
    ]


def test_backups_wait_in_a_queue_one_after_the_other(emulated):
    for name in ("one", "two"):
        start(emulated, name)
    emulated.velero.tick()

    assert [phase(emulated, BACKUPS, name) for name in ("one", "two")] == ["InProgress", "Queued"]
    assert finish(emulated, BACKUPS, "two") == "Completed"


def test_the_spec_is_completed_by_the_server(emulated):
    back_up(emulated)

    spec = emulated.api.get(BACKUPS, "b", "velero")["spec"]

    assert (spec["storageLocation"], spec["ttl"]) == ("default", "720h0m0s")


def test_a_backup_into_a_location_that_is_away_fails_validation(emulated):
    change = {"spec": {"objectStorage": {"bucket": "nowhere"}}}
    emulated.api.patch("backupstoragelocations.velero.io", "default", change, "velero")
    start(emulated, "b")

    assert finish(emulated, BACKUPS, "b") == "FailedValidation"
    assert "Unavailable status" in said(emulated, BACKUPS, "b", "validationErrors")[0]


def test_a_name_that_is_taken_in_the_bucket_fails(emulated):
    back_up(emulated)
    emulated.velero.pause("east")
    emulated.api.delete(BACKUPS, "b", "velero")
    start(emulated, "b")
    emulated.velero.resume("east")

    assert finish(emulated, BACKUPS, "b") == "Failed"
    reason = "backup execution failed: backup already exists in object storage"
    assert said(emulated, BACKUPS, "b", "failureReason") == reason


def test_a_record_that_was_deleted_comes_back_by_sync(emulated):
    back_up(emulated)
    emulated.api.delete(BACKUPS, "b", "velero")
    emulated.velero.tick()

    assert phase(emulated, BACKUPS, "b") == "Completed"


def test_a_record_without_its_files_is_an_orphan(emulated):
    back_up(emulated)
    emulated.velero.cloud.folder(location("default", "east")).remove("backups/b")
    emulated.velero.tick()

    with pytest.raises(ApiError):
        emulated.api.get(BACKUPS, "b", "velero")


def test_a_killed_server_loses_what_was_in_progress(emulated):
    start(emulated, "b")
    emulated.velero.tick()
    emulated.velero.kill("east")
    emulated.velero.tick()
    assert phase(emulated, BACKUPS, "b") == "InProgress"

    emulated.velero.start("east")

    assert phase(emulated, BACKUPS, "b") == "Failed"
    assert "during the server starting" in said(emulated, BACKUPS, "b", "failureReason")


def test_a_paused_server_goes_on_where_it_was(emulated):
    start(emulated, "b")
    emulated.velero.tick()
    emulated.velero.pause("east")
    emulated.velero.tick(5)
    assert phase(emulated, BACKUPS, "b") == "InProgress"

    emulated.velero.resume("east")

    assert finish(emulated, BACKUPS, "b") == "Completed"


def test_a_restore_made_too_early_fails_for_good(emulated):
    assert restore(emulated) == "FailedValidation"
    back_up(emulated)
    assert finish(emulated, RESTORES, "r") == "FailedValidation"
    assert "can't find backup velero/b" in said(emulated, RESTORES, "r", "validationErrors")[0]


def test_restores_run_one_at_a_time(emulated):
    back_up(emulated)
    for name in ("one", "two"):
        emulated.put("Restore", name, {"backupName": "b", "namespaceMapping": {"shop": name}})
    emulated.velero.tick()

    assert [phase(emulated, RESTORES, name) for name in ("one", "two")] == ["InProgress", ""]


def test_a_namespace_comes_back_under_another_name_with_its_data(emulated):
    back_up(emulated, snapshotMoveData=True)
    before = contents(emulated.api, "shop")

    assert restore(emulated, namespaceMapping={"shop": "drill"}) == "Completed"

    assert contents(emulated.api, "drill") == before
    assert before["data/data"] == "orders"


def test_without_its_data_a_volume_comes_back_empty(emulated):
    back_up(emulated, snapshotVolumes=False)

    restore(emulated, namespaceMapping={"shop": "drill"})

    assert contents(emulated.api, "drill")["data/data"] is None


@pytest.mark.parametrize(("policy", "tea"), [("none", "99"), ("update", "3")])
def test_objects_that_exist_are_kept_or_updated(emulated, policy, tea):
    back_up(emulated)
    emulated.api.patch("configmaps", "prices", {"data": {"tea": "99"}}, "shop")

    assert restore(emulated, existingResourcePolicy=policy) == "Completed"

    assert emulated.api.get("configmaps", "prices", "shop")["data"] == {"tea": tea}
    assert bool(said(emulated, RESTORES, "r", "warnings")) is (policy == "none")


def test_restored_objects_lose_what_the_old_cluster_gave_them(emulated):
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "prices", "uid": "old"}
    metadata = {"name": "owned", "namespace": "shop", "ownerReferences": [owner]}
    emulated.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    old = emulated.api.get("configmaps", "owned", "shop")["metadata"]["uid"]
    back_up(emulated)

    restore(emulated, namespaceMapping={"shop": "drill"})

    restored = emulated.api.get("configmaps", "owned", "drill")["metadata"]
    assert "ownerReferences" not in restored
    assert restored["uid"] != old
    assert restored["labels"]["velero.io/backup-name"] == "b"


def test_a_missing_modifier_fails_validation(emulated):
    back_up(emulated)
    modifier = {"kind": "ConfigMap", "name": "none"}

    assert restore(emulated, resourceModifier=modifier) == "FailedValidation"


def test_a_restore_is_kept_by_its_finalizer_while_the_store_is_away(emulated):
    back_up(emulated)
    restore(emulated, namespaceMapping={"shop": "drill"})
    good = emulated.api.get("backupstoragelocations.velero.io", "default", "velero")["spec"]
    change = {"spec": {"objectStorage": {"bucket": "nowhere"}}}
    emulated.api.patch("backupstoragelocations.velero.io", "default", change, "velero")
    emulated.velero.tick()
    emulated.api.delete(RESTORES, "r", "velero")
    emulated.velero.tick()
    assert emulated.api.get(RESTORES, "r", "velero")["metadata"]["deletionTimestamp"]

    emulated.api.patch("backupstoragelocations.velero.io", "default", {"spec": good}, "velero")
    emulated.velero.tick(2)

    assert emulated.api.list(RESTORES, "velero") == []


def test_the_collector_deletes_by_age_alone(emulated):
    back_up(emulated)
    past = {"status": {"expiration": "2020-01-01T00:00:00Z"}}
    emulated.api.patch(BACKUPS, "b", past, "velero")
    emulated.velero.tick(2)

    assert emulated.api.list(BACKUPS, "velero") == []


def test_the_collector_leaves_read_only_locations_alone(emulated):
    back_up(emulated)
    change = {"spec": {"accessMode": "ReadOnly"}}
    emulated.api.patch("backupstoragelocations.velero.io", "default", change, "velero")
    past = {"status": {"expiration": "2020-01-01T00:00:00Z"}}
    emulated.api.patch(BACKUPS, "b", past, "velero")
    emulated.velero.tick(2)

    found = emulated.api.get(BACKUPS, "b", "velero")
    assert found["metadata"]["labels"]["velero.io/gc-failure"] == "BSLReadOnly"


def test_downloads_are_signed_and_the_signature_is_checked(emulated):
    back_up(emulated)
    target = {"target": {"kind": "BackupResults", "name": "b"}}
    body = {"apiVersion": "velero.io/v1", "kind": "DownloadRequest", "spec": target}
    emulated.api.create(body | {"metadata": {"name": "d", "namespace": "velero"}})
    url = said(emulated, "downloadrequests.velero.io", "d", "downloadURL")

    assert httpx.get(url).status_code == 200
    assert httpx.get(url[:-1] + "x").status_code == 403
    assert httpx.get(url.split("?")[0]).status_code == 403


def test_a_schedule_makes_backups_when_it_is_due(emulated):
    created = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    spec = {"schedule": "@hourly", "template": {"includedNamespaces": ["shop"]}}
    emulated.put("Schedule", "often", spec, **created)
    emulated.put("Schedule", "never", {**spec, "paused": True}, **created)
    emulated.velero.tick(10)

    (made,) = emulated.api.list(BACKUPS, "velero")
    assert made["metadata"]["labels"]["velero.io/schedule-name"] == "often"
    assert made["status"]["phase"] == "Completed"


def test_clusters_that_share_a_store_see_one_anothers_backups():
    clock = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)
    apis = {name: KubernetesApi(name, clock=lambda: clock) for name in ("eu", "us")}
    with install(apis, pace=None) as velero:
        seed(apis["eu"])
        shown = location("of-eu", "eu", writable=False)
        shown["metadata"]["namespace"] = "velero"
        apis["us"].create(shown)
        body = {"apiVersion": "velero.io/v1", "kind": "Backup", "spec": {}}
        apis["eu"].create(body | {"metadata": {"name": "b", "namespace": "velero"}})
        velero.tick(10)

        found = apis["us"].get(BACKUPS, "b", "velero")
        synced = apis["us"].get("backupstoragelocations.velero.io", "of-eu", "velero")

    assert found["spec"]["storageLocation"] == "of-eu"
    assert synced["status"]["lastSyncedTime"] >= found["metadata"]["creationTimestamp"]


def test_by_itself_it_works_at_its_pace():
    api = KubernetesApi("eu")
    done = []
    with EMULATOR.install({"eu": api}, pace=0.01, sync_every=timedelta(0)) as velero:
        seed(api)
        ended = threading.Event()

        def see(event):
            if (event.object.get("status") or {}).get("phase") == "Completed":
                done.append(event.object["metadata"]["name"])
                ended.set()

        api.subscribe(BACKUPS, see)
        put(api, "velero.io/v1", "Backup", "velero", "b", spec={"includedNamespaces": ["shop"]})
        assert ended.wait(20)

    assert done[0] == "b"
    assert velero.tool == "velero"


def listed(emulated, name="b"):
    folder = emulated.velero.cloud.folder(location("default", "east"))
    found = folder.get(f"backups/{name}/{name}-resource-list.json.gz")
    return {entry for entries in found.values() for entry in entries}


def policy(emulated, text):
    metadata = {"name": "policy", "namespace": "velero"}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"p": text}}
    emulated.api.create(body)
    return {"kind": "configmap", "name": "policy"}


def test_without_a_word_a_whole_cluster_holds_no_cluster_scoped_objects(emulated):
    metadata = {"name": "fast"}
    emulated.api.create(
        {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": metadata}
    )
    for name, spec in (("b", {}), ("c", {"includeClusterResources": True})):
        emulated.put("Backup", name, spec)
        assert finish(emulated, BACKUPS, name) == "Completed"

    assert "fast" not in listed(emulated)
    assert {"shop", "shop/prices"} <= listed(emulated)
    assert "fast" in listed(emulated, "c")


def test_the_definition_of_a_custom_resource_comes_with_it(emulated):
    emulated.define("Widget", "example.org")
    emulated.define("Gadget", "example.org")
    put(emulated.api, "example.org/v1", "Widget", "shop", "w")
    back_up(emulated)

    assert "widgets.example.org" in listed(emulated)
    assert "gadgets.example.org" not in listed(emulated)


def test_what_is_labelled_to_stay_out_is_in_no_backup(emulated):
    marked = {"metadata": {"labels": {"velero.io/exclude-from-backup": "true"}}}
    emulated.api.patch("configmaps", "prices", marked, "shop")
    emulated.api.patch("namespaces", "crm", marked)
    back_up(emulated, includedNamespaces=["*"])

    assert "shop/web" in listed(emulated)
    assert not {"shop/prices", "crm", "crm/mail"} & listed(emulated)
    assert emulated.api.get(BACKUPS, "b", "velero")["spec"]["excludedNamespaces"] == ["crm"]


NAMED = "namespacedFilterPolicies: [{{namespaces: [{space}], resourceFilters: [{filters}]}}]"


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("includeExcludePolicy: {excludedNamespaceScopedResources: [configmaps]}", "prices"),
        (NAMED.format(space="shop", filters="{kinds: [configmaps], names: [pri*]}"), "web"),
        (
            NAMED.format(space="sh*", filters="{kinds: [deployments]}, {excludedNames: [prices]}"),
            "prices",
        ),
    ],
)
def test_a_resource_policy_leaves_objects_out_without_a_word(emulated, text, out):
    back_up(emulated, resourcePolicy=policy(emulated, text))

    left = {"shop/prices", "shop/web"} - listed(emulated)
    assert left == {f"shop/{out}"}
    assert said(emulated, BACKUPS, "b", "warnings") == 0


@pytest.mark.parametrize(
    ("text", "spec", "words"),
    [
        (None, {}, "fail to get ResourcePolicies velero/policy ConfigMap"),
        ("includeExcludePolicy: {}", {"includeClusterResources": True}, "cannot be used"),
    ],
)
def test_a_resource_policy_that_cannot_hold_fails_validation(emulated, text, spec, words):
    reference = policy(emulated, text) if text else {"kind": "configmap", "name": "policy"}
    start(emulated, "b", resourcePolicy=reference, **spec)

    assert finish(emulated, BACKUPS, "b") == "FailedValidation"
    assert words in said(emulated, BACKUPS, "b", "validationErrors")[0]


def test_with_the_cluster_scoped_objects_all_namespaces_are_made(emulated):
    back_up(emulated, includedNamespaces=["*"], includeClusterResources=True)
    emulated.api.delete("namespaces", "crm")
    only = {"includeClusterResources": True, "includedNamespaces": ["none-of-them"]}

    assert restore(emulated, **only, excludedResources=["namespaces"]) == "Completed"
    assert "crm" not in [each["metadata"]["name"] for each in emulated.api.list("namespaces")]
    assert restore(emulated, "r2", **only) == "Completed"
    assert emulated.api.get("namespaces", "crm")
    assert emulated.api.list("secrets", "crm") == []


@pytest.mark.parametrize(
    ("term", "comes"),
    [
        ({"key": "tier", "operator": "Exists"}, True),
        ({"key": "tier", "operator": "DoesNotExist"}, False),
        ({"key": "tier", "operator": "In", "values": ["gold"]}, True),
        ({"key": "tier", "operator": "NotIn", "values": ["gold"]}, False),
    ],
)
def test_a_restore_takes_what_its_selector_selects(emulated, term, comes):
    labels = {"metadata": {"labels": {"tier": "gold"}}}
    emulated.api.patch("configmaps", "prices", labels, "shop")
    back_up(emulated)
    emulated.api.delete("configmaps", "prices", "shop")

    restore(emulated, includedNamespaces=["shop"], labelSelector={"matchExpressions": [term]})

    names = [each["metadata"]["name"] for each in emulated.api.list("configmaps", "shop")]
    assert ("prices" in names) is comes
