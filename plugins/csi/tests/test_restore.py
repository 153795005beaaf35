"""Restores: into another namespace or class, over what stands, and with everything tidied."""

from __future__ import annotations

import pytest

from slackwater.errors import RecoveryPointNotFound, Unsupported
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.request import Existing
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.installing import add_storage_class
from slackwater_csi.emulator.seeding import put
from slackwater_csi.facts import PointFacts

CLAIMS = "persistentvolumeclaims"


def blocked(stage, codes, point, **how):
    plan = stage.backend().plan_restore(stage.restore_request(point, **how))
    assert plan.acts == ()
    assert all(finding.way_out for finding in plan.findings if finding.blocks)
    return codes([finding for finding in plan.findings if finding.blocks])


def test_data_comes_back_as_it_was_at_the_snapshot(stage):
    seeded = stage.standing()
    point = stage.back_up()
    stage.write("shop", "data", "changed")
    stage.wreck()

    stage.restore(point)

    assert stage.standing() == seeded


def test_a_namespace_comes_back_under_another_name_beside_the_first(stage):
    point = stage.back_up()

    stage.restore(point, onto="shop-drill")

    assert stage.standing("shop-drill") == stage.standing("shop")


def test_nothing_but_claims_and_objects_is_left_after_a_restore(stage):
    point = stage.back_up()
    before = stage.left()

    stage.restore(point, onto="shop-drill")

    assert stage.left() == before


def test_a_failed_restore_leaves_no_snapshot_behind_and_all_data(stage):
    point = stage.back_up()
    before = stage.left()
    stage.csi.faults.fail_next = "the pool is on fire"

    results = stage.restore(point, onto="shop-drill")

    assert results["show"].phase is Phase.FAILED
    assert "the pool is on fire" in results["show"].message
    assert stage.left() == before


def test_claims_get_the_class_that_is_mapped_and_enough_room(stage):
    add_storage_class(stage.api, "slow")
    point = stage.back_up()

    stage.restore(point, onto="shop-drill", storage_classes={"emulated": "slow"})

    spec = stage.api.get(CLAIMS, "data", "shop-drill")["spec"]
    assert spec["storageClassName"] == "slow"
    assert spec["resources"]["requests"]["storage"] == str(1 << 30)
    assert spec["accessModes"] == ["ReadWriteOnce"]


def test_a_class_that_is_not_there_blocks_before_anything_is_touched(stage, codes):
    point = stage.back_up()

    found = blocked(stage, codes, point, onto="d", storage_classes={"emulated": "nowhere"})

    assert found == ["no-storage-class", "no-storage-class"]


def test_a_class_of_another_driver_blocks(stage, codes):
    add_storage_class(stage.api, "other", provisioner="other.example")
    point = stage.back_up()

    found = blocked(stage, codes, point, onto="d", storage_classes={"emulated": "other"})

    assert set(found) == {"class-of-another-driver"}


def test_claims_that_stand_are_kept_and_named(stage, codes):
    point = stage.back_up()
    stage.write("shop", "data", "today")
    plan = stage.backend().plan_restore(stage.restore_request(point))

    stage.drive(stage.backend(), plan, "r-2")

    assert codes(plan.findings) == ["claim-kept", "claim-kept"]
    assert stage.data("shop", "data") == "today"


def test_a_claim_of_a_class_that_waits_keeps_its_snapshot_until_then(stage, codes):
    add_storage_class(stage.api, "lazy", waits=True)
    point = stage.back_up("crm")

    results = stage.restore(point, onto="crm-drill", storage_classes={"emulated": "lazy"})

    assert results["claims"].phase is Phase.SUCCEEDED
    assert codes(results["claims"].findings) == ["bound-when-used"]
    assert [finding["code"] for finding in results["hide"]["findings"]] == ["snapshot-stays"]
    node = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "n1"}}}
    stage.api.patch(CLAIMS, "letters", node, "crm-drill")
    stage.csi.tick()
    assert stage.data("crm-drill", "letters") == "dear all"


def test_a_claim_comes_back_under_another_name_and_what_uses_it_follows(stage):
    point = stage.back_up()
    before = stage.left()

    stage.restore(point, onto="shop-drill", claims={"data": "data-old"})

    assert stage.data("shop-drill", "data-old") == "orders"
    assert [c["metadata"]["name"] for c in stage.api.list(CLAIMS, "shop-drill")] == [
        "data-old", "media",
    ]  # fmt: skip
    pod = stage.api.get("deployments.apps", "web", "shop-drill")["spec"]["template"]["spec"]
    assert "data-old" in [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"]]
    assert stage.left() == before


def test_a_claim_comes_back_beside_the_one_that_stands(stage):
    point = stage.back_up("crm", objects=False)
    stage.write("crm", "letters", "burnt")

    stage.restore(point, claims={"letters": "letters-of-old"})

    assert stage.data("crm", "letters") == "burnt"
    assert stage.data("crm", "letters-of-old") == "dear all"


def test_a_claim_takes_the_place_of_another(stage):
    point = stage.back_up()

    results = stage.restore(
        point, existing=Existing.UPDATE, claims={"data": "media", "media": "m2"}
    )

    assert list(results["release"]["kept"]) == ["media"]
    assert stage.data("shop", "media") == "orders"
    assert (stage.data("shop", "m2"), stage.data("shop", "data")) == ("pictures", "orders")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"dat": "x"}, "no-such-claim"),
        ({"data": "media"}, "claims-collide"),
        ({"data": "Not_A_Name"}, "bad-claim-name"),
        ({"data": "x" * 254}, "bad-claim-name"),
    ],
)
def test_names_that_cannot_be_block_before_anything_is_touched(stage, codes, claims, code):
    point = stage.back_up()
    assert blocked(stage, codes, point, onto="d", claims=claims) == [code]


def test_a_name_of_253_characters_is_borne(stage):
    point = stage.back_up("crm")
    stage.restore(point, onto="d", claims={"letters": "x" * 253})
    assert stage.data("d", "x" * 253) == "dear all"


def test_one_volume_comes_back_out_of_a_namespace(stage):
    point = stage.back_up()
    stage.wreck()

    stage.restore(point, claim="media")

    assert [claim["metadata"]["name"] for claim in stage.api.list(CLAIMS, "shop")] == ["media"]
    assert stage.data("shop", "media") == "pictures"


def test_a_handle_that_is_gone_is_found_out_before_a_claim_is_made(stage):
    point = stage.back_up("crm")
    stage.wreck("crm")
    stage.csi.storage.snapshots.clear()

    results = stage.restore(point)

    assert results["show"].phase is Phase.FAILED
    assert "can not find snapshot" in results["show"].message
    assert "claims" not in results


def test_a_content_that_shows_another_handle_is_not_trusted(stage):
    point = stage.back_up("crm")
    backend = stage.backend()
    plan = backend.plan_restore(stage.restore_request(point, onto="d"))
    ref = backend.start(plan.acts[0], Key(run="r-2", step="show"))
    stage.csi.tick()
    (shown,) = [c for c in stage.api.list(CONTENTS) if "snapshotHandle" in c["spec"]["source"]]
    stage.csi.world.status(CONTENTS, shown, {"snapshotHandle": "snap-of-others"})

    operation = backend.get_operations([ref])[ref]

    assert operation.phase is Phase.UNKNOWN
    assert "snap-of-others" in operation.message


def test_objects_that_exist_are_kept(stage):
    point = stage.back_up("crm")
    stage.api.patch("secrets", "mail", {"data": {"user": "bmV3"}}, "crm")

    results = stage.restore(point)

    assert results["objects"]["kept"] == 1
    assert stage.api.get("secrets", "mail", "crm")["data"] == {"user": "bmV3"}


def test_objects_that_exist_are_changed_where_that_is_asked(stage):
    point = stage.back_up("crm")
    stage.api.patch("secrets", "mail", {"data": {"user": "bmV3"}}, "crm")

    stage.restore(point, existing=Existing.UPDATE)

    assert stage.api.get("secrets", "mail", "crm")["data"] == {"user": "Y3Jt"}


def test_services_come_back_without_what_the_server_assigned(stage):
    ports = [{"port": 80, "nodePort": 31000}]
    put(stage.api, "v1", "Service", "crm", "web", spec={"clusterIP": "10.0.0.7", "ports": ports})
    point = stage.back_up("crm")

    stage.restore(point, onto="crm-drill")

    assert stage.api.get("services", "web", "crm-drill")["spec"] == {"ports": [{"port": 80}]}


def test_what_a_controller_made_is_not_kept(stage):
    point = stage.back_up()  # its Deployment has a pod by now
    assert stage.api.list("pods", "shop")

    stage.restore(point, onto="shop-drill")
    names = {pod["metadata"]["name"] for pod in stage.api.list("pods", "shop-drill")}

    assert names <= {"web-7d9f-0"}  # made by the emulated controller, if at all


def test_a_kind_that_is_not_served_any_more_is_a_finding(stage):
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "mills.example.org"},
        "spec": {
            "group": "example.org",
            "scope": "Namespaced",
            "names": {"kind": "Mill", "plural": "mills"},
            "versions": [{"name": "v1", "served": True, "storage": True}],
        },
    }
    stage.api.create(definition)
    put(stage.api, "example.org/v1", "Mill", "crm", "wind")
    point = stage.back_up("crm")
    stage.api.delete("customresourcedefinitions.apiextensions.k8s.io", "mills.example.org")

    results = stage.restore(point, onto="crm-drill")

    (finding,) = results["objects"]["findings"]
    assert (finding["code"], finding["severity"]) == ("object-refused", "error")
    assert "not served" in finding["way_out"]
    assert stage.data("crm-drill", "letters") == "dear all"


def test_another_cluster_cannot_reach_the_storage(stage, codes):
    point = stage.back_up()
    stage.api.store.put("namespaces", "kube-system", _with_uid(stage.api, "uid-of-another"))

    assert blocked(stage, codes, point, onto="d") == ["another-cluster"]


def test_images_are_not_mapped(stage):
    point = stage.back_up()

    with pytest.raises(Unsupported):
        stage.backend().plan_restore(stage.restore_request(point, images={"a": "b"}))


def test_a_terminating_namespace_is_waited_for(stage):
    point = stage.back_up("crm")
    claim = stage.api.list(CLAIMS, "crm")[0]["metadata"]["name"]
    held = {"metadata": {"finalizers": ["kubernetes.io/pvc-protection"]}}
    stage.api.patch(CLAIMS, claim, held, "crm")
    stage.api.delete("namespaces", "crm")
    backend = stage.backend()
    plan = backend.plan_restore(stage.restore_request(point))

    with pytest.raises(Exception, match="being terminated") as raised:
        backend.start(plan.acts[0], Key(run="r-2", step="show"))

    assert type(raised.value).__name__ == "BackendUnavailable"


class TestAdopted:
    """Snapshots that somebody else made."""

    @pytest.fixture
    def point(self, stage):
        stage.api.create(
            {
                "apiVersion": "snapshot.storage.k8s.io/v1",
                "kind": "VolumeSnapshot",
                "metadata": {"name": "by-hand", "namespace": "crm"},
                "spec": {
                    "volumeSnapshotClassName": "emulated",
                    "source": {"persistentVolumeClaimName": "letters"},
                },
            }
        )
        stage.csi.tick(3)
        (point,) = stage.points()
        return point

    def test_it_is_a_point_of_one_volume_that_says_what_it_lacks(self, stage, point, codes):
        read = stage.backend().get_recovery_point(point.id)

        assert point.contents is None
        assert read.scope.volumes == (("crm", "letters"),)
        assert [v.held for v in read.contents.volumes] == [True]
        assert codes(read.findings) == ["no-manifest"]
        assert "somebody else made it" in read.findings[0].message

    def test_it_comes_back_beside_the_claim_that_stands(self, stage, point):
        stage.write("crm", "letters", "burnt")

        stage.restore(point, claim="letters", onto="crm-drill")

        assert stage.data("crm-drill", "letters") == "dear all"
        assert stage.api.list(SNAPSHOTS)[0]["metadata"]["name"] == "by-hand"

    def test_it_replaces_the_claim_that_stands(self, stage, point):
        stage.write("crm", "letters", "burnt")

        stage.restore(point, claim="letters", existing=Existing.UPDATE)

        assert stage.data("crm", "letters") == "dear all"

    def test_without_its_claim_it_is_not_restorable(self, stage, point, codes):
        stage.api.delete(CLAIMS, "letters", "crm")

        assert "no-manifest" in blocked(stage, codes, point, claim="letters")

    def test_one_of_ours_without_a_manifest_is_adopted_too(self, stage):
        made = stage.back_up()
        stage.store.open("csi", stage.clock).delete(made.name)

        adopted = stage.points()

        assert len(adopted) == 2
        assert {each.origin for each in adopted} == {"home"}
        assert "has not published it" in adopted[0].findings[0].message

    def test_one_whose_content_is_gone_is_not_found(self, stage, point):
        stage.csi.world.change(CONTENTS, _content(stage, point), {"metadata": {"finalizers": None}})
        stage.api.delete(CONTENTS, point.name)

        with pytest.raises(RecoveryPointNotFound):
            stage.backend().get_recovery_point(point.id)

    def test_its_deletion_leaves_no_content_and_no_data(self, stage, point):
        retain = {"spec": {"deletionPolicy": "Retain"}}
        stage.api.patch(CONTENTS, point.name, retain)
        backend = stage.backend()

        stage.drive(backend, backend.plan_deletion(point.id))

        assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def _content(stage, point):
    return stage.api.get(CONTENTS, point.name)


def _with_uid(api, uid):
    found = api.get("namespaces", "kube-system")
    found["metadata"]["uid"] = uid
    return {key: value for key, value in found.items() if key not in ("apiVersion", "kind")}


def test_facts_pass_over_what_a_newer_version_added(stage):
    known = stage.store.open("csi", stage.clock).manifest(stage.back_up().name).facts

    assert PointFacts.model_validate({**known, "new": 1}).namespace == "shop"


def test_what_came_into_a_config_map_later_goes_with_an_update(stage):
    point = stage.back_up()
    change = {"data": {"migrated": "yes", "tea": "free"}}
    stage.api.patch("configmaps", "prices", change, "shop")

    stage.restore(point, existing=Existing.UPDATE)

    assert stage.api.get("configmaps", "prices", "shop")["data"] == {"tea": "3"}
