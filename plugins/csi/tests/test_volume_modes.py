"""Volumes in block mode come back as such, and what is of another mode is refused in the plan."""

from __future__ import annotations

import pytest

from slackwater.model.operation import Phase
from slackwater.model.request import Existing
from slackwater_csi.emulator.definitions import CONTENTS
from slackwater_csi.emulator.seeding import claim, snapshot
from slackwater_csi.manifests import find_point

CLAIMS = "persistentvolumeclaims"


@pytest.fixture
def blocks(stage):
    """A raw device beside the shop's volumes."""
    claim(stage.api, "shop", "raw", "sectors", mode="Block")
    return stage


def mode(stage, space, name):
    found = stage.api.get(CLAIMS, name, space)
    volume = stage.api.get("persistentvolumes", found["spec"]["volumeName"])
    return found["spec"]["volumeMode"], volume["spec"]["volumeMode"]


def make_anew(stage, name, mode):
    """Somebody deletes a claim, and makes one of the same name in another mode."""
    found = stage.api.get(CLAIMS, name, "shop")
    stage.api.delete("persistentvolumes", found["spec"]["volumeName"])
    stage.api.delete(CLAIMS, name, "shop")
    claim(stage.api, "shop", name, "others", mode=mode)


def refused(stage, point, **how):
    plan = stage.backend().plan_restore(stage.restore_request(point, **how))
    return [(f.subject, f.message) for f in plan.findings if f.code == "mode-differs" and f.blocks]


@pytest.mark.parametrize("groups", [False, True])
def test_each_volume_comes_back_in_its_mode(make_stage, groups):
    stage = make_stage(groups=groups)
    claim(stage.api, "shop", "raw", "sectors", mode="Block")
    point = stage.back_up(groups=groups)

    made = stage.restore(point, onto="shop-b")

    assert made["claims"].phase is Phase.SUCCEEDED
    assert mode(stage, "shop-b", "raw") == ("Block", "Block")
    assert mode(stage, "shop-b", "data") == ("Filesystem", "Filesystem")
    assert stage.data("shop-b", "raw") == "sectors"
    kept = find_point(stage.store.open("csi", stage.clock), point.name)
    assert {v.claim: v.volume_mode for v in kept.volumes}["raw"] == "Block"


def test_in_place_and_where_all_was_lost(blocks):
    point = blocks.back_up()
    blocks.write("shop", "raw", "written over")
    blocks.restore(point, existing=Existing.UPDATE)
    assert blocks.data("shop", "raw") == "sectors"
    assert mode(blocks, "shop", "raw") == ("Block", "Block")
    blocks.wreck()
    blocks.restore(point, run="r-3")
    assert blocks.data("shop", "raw") == "sectors"
    assert mode(blocks, "shop", "raw") == ("Block", "Block")


def test_what_is_used_as_files_is_not_exchanged_for_a_device(blocks):
    point = blocks.back_up()
    make_anew(blocks, "raw", "Filesystem")

    [(subject, message)] = refused(blocks, point, existing=Existing.UPDATE)

    assert subject == "shop/raw"
    assert "is of mode Filesystem, and what would come in its place of mode Block" in message
    assert refused(blocks, point, onto="shop-b") == []


def test_another_s_claim_of_another_mode_is_not_exchanged_by_name_either(blocks):
    point = blocks.back_up()
    found = refused(blocks, point, existing=Existing.UPDATE, claims={"raw": "media"})
    assert [subject for subject, _ in found] == ["shop/media"]


def theirs(stage, name):
    """A snapshot of the raw device that somebody made with kubectl."""
    snapshot(stage.api, "shop", name, "raw")
    stage.csi.tick(4)
    [point] = [each for each in stage.points() if each.made_by.endswith(f"/{name}")]
    return point


def test_a_snapshot_of_others_whose_claim_was_made_anew_is_refused(blocks):
    point = theirs(blocks, "nightly")
    make_anew(blocks, "raw", "Filesystem")

    found = refused(blocks, point, claim="raw", onto="shop-b")

    [(subject, message)] = found
    assert subject == "shop-b/raw"
    assert "is of mode Filesystem today, and the snapshot was taken of a volume of mode Block" in (
        message
    )


def test_where_a_content_tells_no_mode_its_claim_does(blocks):
    point = theirs(blocks, "nightly")
    content = blocks.api.get(CONTENTS, point.name)
    blocks.csi.world.change(CONTENTS, content, {"spec": {"sourceVolumeMode": None}})
    made = blocks.restore(point, claim="raw", onto="shop-b")
    assert made["claims"].phase is Phase.SUCCEEDED
    assert mode(blocks, "shop-b", "raw") == ("Block", "Block")


def test_the_emulated_provisioner_refuses_another_mode_as_the_real_one_does(blocks):
    theirs(blocks, "nightly")
    source = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "nightly"}
    standing = blocks.api.get(CLAIMS, "raw", "shop")["spec"]
    spec = {k: v for k, v in standing.items() if k not in ("volumeName", "volumeMode")}
    metadata = {"name": "wrong", "namespace": "shop"}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
    blocks.api.create({**body, "spec": {**spec, "dataSource": source}})
    blocks.csi.tick(3)

    assert "volumeName" not in blocks.api.get(CLAIMS, "wrong", "shop")["spec"]
    said = [each["message"] for each in blocks.api.list("events", "shop")]
    assert "requested volume shop/wrong modifies the mode of the source volume" in said
