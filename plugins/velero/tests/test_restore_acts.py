"""Restores are planned with all that must happen around them, and say what stands in the way."""

from __future__ import annotations

import msgspec
import pytest
import yaml

from slackwater.errors import Unsupported
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import Existing, RestoreMapping, RestoreRequest, Store
from slackwater.model.workload import Scope, Workload, WorkloadKind
from slackwater_velero.locations import location_of, store_of
from slackwater_velero.objects import Backup, StorageLocation
from slackwater_velero.restore_planning import RestorePlanner

SHOP = Workload(cluster="west", namespace="shop")
IDENTITY = "s3://s3.example.org/backups/west"


def storage(name="default", prefix="west", **spec):
    raw = {
        "metadata": {"name": name},
        "spec": {
            "provider": "aws",
            "objectStorage": {"bucket": "backups", "prefix": prefix},
            "config": {"s3Url": "https://s3.example.org", "region": "eu"},
            "credential": {"name": "cloud", "key": "cloud"},
            **spec,
        },
        "status": {"phase": "Available", "lastSyncedTime": "2026-11-21T13:02:00Z"},
    }
    return location_of(msgspec.convert(raw, StorageLocation))


def backup(name="b", location="default", created="2026-11-21T13:00:00Z", phase="Completed"):
    raw = {
        "metadata": {"name": name, "creationTimestamp": created},
        "spec": {"storageLocation": location},
        "status": {"phase": phase, "completionTimestamp": "2026-11-21T13:00:30Z"},
    }
    return msgspec.convert(raw, Backup)


def request(**changes):
    scope = changes.pop("scope", Scope(namespaces=("shop",)))
    point = RecoveryPoint(
        id=PointId(tool="velero", store=IDENTITY, name="b"),
        phase=changes.pop("phase", Phase.SUCCEEDED),
        scope=scope,
        origin="west",
    )
    return RestoreRequest(**{"workload": SHOP, "point": point, "target": "east", **changes})


def plan(voice, wish, *locations, found=None):
    return RestorePlanner(wish, voice, {each.name: each for each in locations}, found).plan()


def ids(plan):
    return [act.id for act in plan.acts]


def act(plan, name):
    return next(each for each in plan.acts if each.id == name)


def codes(plan):
    return {finding.code: finding.severity.value for finding in plan.findings}


def west_store():
    return store_of(storage(), "west", b"")


def test_a_backup_that_stands_here_needs_no_waiting(voice):
    made = plan(voice, request(), storage(accessMode="ReadOnly"), found=backup())

    assert ids(made) == ["restore-kinds", "restore", "verify"]
    assert not made.findings


@pytest.mark.parametrize(
    "scope",
    [
        Scope(namespaces=("*",), cluster_objects=True),
        Scope(namespaces=("*",)),
        Scope(namespaces=("shop", "crm")),
        Scope(namespaces=("shop",), cluster_objects=True),
    ],
)
def test_of_a_larger_backup_only_the_kinds_of_the_namespace_are_brought_along(voice, scope):
    made = plan(voice, request(scope=scope), storage(accessMode="ReadOnly"), found=backup())

    assert ids(made) == ["choose-kinds", "restore-kinds", "restore", "verify", "drop-kinds"]
    chosen = act(made, "choose-kinds")
    assert (chosen.payload["namespace"], chosen.payload["location"]) == ("shop", "default")
    spec = act(made, "restore-kinds").payload["spec"]
    assert spec["resourcePolicy"] == {"kind": "ConfigMap", "name": chosen.payload["name"]}
    assert spec["includedResources"] == ["customresourcedefinitions.apiextensions.k8s.io"]
    assert act(made, "drop-kinds").always
    assert act(made, "drop-kinds").payload["name"] == chosen.payload["name"]


def test_a_backup_of_the_namespace_alone_holds_no_other_kinds(voice):
    made = plan(voice, request(), storage(accessMode="ReadOnly"), found=backup())

    assert "resourcePolicy" not in act(made, "restore-kinds").payload["spec"]


def test_a_backup_that_is_not_here_yet_is_waited_for(voice):
    made = plan(voice, request(), storage(accessMode="ReadOnly"))

    waiting = act(made, "wait-for-sync")
    assert made.acts[0] is waiting
    assert waiting.timeout == 180
    assert act(made, "restore").needs


def test_a_backup_whose_volume_records_may_be_missing_is_waited_for(voice):
    just_now = backup(created="2026-11-21T13:02:30Z")

    assert "wait-for-sync" in ids(plan(voice, request(), storage(), found=just_now))


def test_a_store_that_is_missing_here_is_shown_and_hidden_again(voice):
    local = storage("own", prefix="east")

    made = plan(voice, request(stores=(west_store(),)), local)

    assert ids(made)[:2] == ["show-store", "wait-for-sync"]
    hide = act(made, "hide-store")
    assert hide.always
    assert {"restore", "verify"} <= set(hide.needs)
    spec = act(made, "show-store").payload["spec"]
    assert spec["accessMode"] == "ReadOnly"
    assert spec["objectStorage"] == {"bucket": "backups", "prefix": "west"}
    assert spec["credential"] == {"name": "cloud", "key": "cloud"}


def test_two_restores_from_one_store_show_it_by_equal_acts(voice):
    local = storage("own", prefix="east")
    shop = plan(voice, request(stores=(west_store(),)), local)
    crm = request(stores=(west_store(),), workload=Workload(cluster="west", namespace="crm"))
    other = plan(voice, crm, local)

    for name in ("show-store", "hide-store"):
        one, two = act(shop, name), act(other, name)
        assert one.model_dump(exclude={"needs"}) == two.model_dump(exclude={"needs"})


def test_without_credentials_for_the_endpoint_the_plan_is_blocked_with_the_yaml(voice):
    elsewhere = storage("own", config={"s3Url": "https://other.example.org"})

    made = plan(voice, request(stores=(west_store(),)), elsewhere)

    assert not made.acts
    (finding,) = made.findings
    assert finding.blocks
    documents = list(yaml.safe_load_all(finding.way_out.split("\n", 1)[1].rsplit("EOF", 1)[0]))
    assert [each["kind"] for each in documents] == ["Secret", "BackupStorageLocation"]
    assert documents[1]["spec"]["objectStorage"]["prefix"] == "west"
    assert documents[1]["spec"]["credential"]["name"] == documents[0]["metadata"]["name"]


def test_a_store_that_nobody_knows_blocks_the_plan(voice):
    made = plan(voice, request(), storage("own", prefix="east"))

    assert codes(made) == {"store-unknown": "error"}


def test_a_writable_store_of_another_cluster_is_a_warning(voice):
    made = plan(voice, request(), storage(), found=backup())

    assert codes(made) == {"two-writers": "warning"}


def test_a_location_that_is_not_available_blocks_the_plan(voice):
    away = msgspec.convert(
        {
            "metadata": {"name": "default"},
            "spec": {
                "provider": "aws",
                "accessMode": "ReadOnly",
                "objectStorage": {"bucket": "backups", "prefix": "west"},
                "config": {"s3Url": "https://s3.example.org"},
            },
            "status": {"phase": "Unavailable", "message": "NoSuchBucket"},
        },
        StorageLocation,
    )

    made = plan(voice, request(), location_of(away))

    assert codes(made) == {"store-unavailable": "error"}
    assert "NoSuchBucket" in made.findings[0].message


def test_another_backup_of_that_name_blocks_the_plan(voice):
    made = plan(voice, request(), storage(accessMode="ReadOnly"), found=backup(location="another"))

    assert codes(made) == {"name-taken": "error"}


def test_a_point_that_failed_blocks_the_plan(voice):
    made = plan(voice, request(phase=Phase.FAILED), storage(accessMode="ReadOnly"), found=backup())

    assert codes(made) == {"not-usable": "error"}


def test_a_partial_point_may_be_restored(voice):
    made = plan(voice, request(phase=Phase.PARTIAL), storage(accessMode="ReadOnly"), found=backup())

    assert not made.findings


def test_only_the_namespace_is_restored_under_its_new_name(voice):
    wish = request(mapping=RestoreMapping(namespaces={"shop": "drill"}))

    made = act(plan(voice, wish, storage(), found=backup()), "restore")

    assert made.payload["spec"]["includedNamespaces"] == ["shop"]
    assert made.payload["spec"]["namespaceMapping"] == {"shop": "drill"}
    assert made.writes == ("drill",)
    assert made.limit == "restores"


@pytest.mark.parametrize(
    ("existing", "policy"), [(Existing.KEEP, "none"), (Existing.UPDATE, "update")]
)
def test_what_happens_to_existing_objects_is_told_to_velero(voice, existing, policy):
    made = plan(voice, request(existing=existing), storage(), found=backup())

    assert act(made, "restore").payload["spec"]["existingResourcePolicy"] == policy


def test_changes_on_the_way_belong_to_this_restore_and_are_removed(voice):
    wish = request(mapping=RestoreMapping(storage_classes={"fast": "slow"}))

    made = plan(voice, wish, storage(), found=backup())

    added = act(made, "add-changes").payload["name"]
    assert act(made, "restore").payload["spec"]["resourceModifier"] == {
        "kind": "ConfigMap",
        "name": added,
    }
    removal = act(made, "remove-changes")
    assert removal.always
    assert removal.payload["name"] == added


OF_CLUSTER = Workload(cluster="west", kind=WorkloadKind.CLUSTER_OBJECTS)


@pytest.fixture(
    params=[Scope(cluster_objects=True), Scope(namespaces=("*",), cluster_objects=True)]
)
def of_cluster(request):
    return request.param


def test_cluster_scoped_objects_leave_namespaces_and_volumes_alone(voice, of_cluster):
    wish = request(workload=OF_CLUSTER, scope=of_cluster)

    made = act(plan(voice, wish, storage(), found=backup()), "restore")

    spec = made.payload["spec"]
    assert spec["includeClusterResources"] is True
    assert {"namespaces", "persistentvolumes", "nodes"} <= set(spec["excludedResources"])
    assert spec["includedNamespaces"] == ["slackwater-no-namespace"]
    assert spec["existingResourcePolicy"] == "none"
    assert made.writes == ("",)
    assert "webhooks" in made.effects[0]


def test_cluster_scoped_objects_are_restored_alone_and_verified(voice, of_cluster):
    mapping = RestoreMapping(storage_classes={"fast": "slow"}, images={"a": "b"})
    wish = request(workload=OF_CLUSTER, scope=of_cluster, mapping=mapping)

    made = plan(voice, wish, storage(accessMode="ReadOnly"), found=backup())

    assert ids(made) == ["restore", "verify"]
    assert act(made, "verify").payload["namespace"] == ""


def test_cluster_scoped_objects_that_stand_are_changed_only_where_it_is_asked_for(voice):
    scope = Scope(cluster_objects=True)
    wish = request(workload=OF_CLUSTER, scope=scope, existing=Existing.UPDATE)

    made = act(plan(voice, wish, storage(), found=backup()), "restore")

    assert made.payload["spec"]["existingResourcePolicy"] == "update"
    assert any("changes objects that exist" in effect for effect in made.effects)


@pytest.mark.parametrize("kind", [WorkloadKind.VOLUME, WorkloadKind.CONTROL_PLANE])
def test_what_velero_cannot_bring_back_is_unsupported(voice, kind):
    workload = Workload(cluster="west", namespace="shop", kind=kind, name="data")

    with pytest.raises(Unsupported):
        plan(voice, request(workload=workload), storage(), found=backup())


def test_acts_hold_no_secret(voice):
    local = storage("own", prefix="east")
    made = plan(voice, request(stores=(west_store(),)), local)

    assert "aws_secret" not in made.model_dump_json()


def test_an_unused_store_of_the_fleet_is_not_shown(voice):
    unrelated = Store(
        tool="velero",
        identity="s3://else/b",
        cluster="us",
        name="x",
        writable=True,
        available=True,
    )

    made = plan(voice, request(stores=(unrelated,)), storage(), found=backup())

    assert "show-store" not in ids(made)
