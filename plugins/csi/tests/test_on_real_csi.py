"""Snapshots by the real snapshot-controller, csi-snapshotter, csi-provisioner, and a real driver.

Nothing is emulated but nodes, of which there are none: a test writes into the directory that a
volume is. What the driver holds is listed before and after.
"""

from __future__ import annotations

import os

import pytest
import yaml

from slackwater.errors import BackendUnavailable, TransientBackendError
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import Existing
from slackwater_csi.acts import BackupWork
from slackwater_csi.holders import Holder
from slackwater_csi.objects import Pod
from slackwater_csi.resources import PODS

from .real_place import claim_of, digest_of, wait

pytestmark = pytest.mark.real("etcd", "kubernetes", "csi", "csi-driver")


def test_what_was_changed_comes_back_bit_for_bit_elsewhere_and_in_its_place(place):
    place.seed("data")
    before = place.digest("data")
    point = place.back_up()
    assert point.phase is Phase.SUCCEEDED

    after = place.write("data")
    assert after != before
    drill = place.named("drill")
    results = place.restore(point, "r-2", onto=drill)
    assert results["claims"].phase is Phase.SUCCEEDED, results
    assert place.digest("data", drill) == before
    assert place.digest("data") == after

    old = place.csi.volume(place.namespace, "data")
    place.restore(point, "r-3", existing=Existing.UPDATE)
    assert place.digest("data") == before
    assert place.csi.volume(place.namespace, "data") != old
    assert digest_of(place.driver.data(old)) == after


def test_a_point_outlives_its_namespace_and_goes_whole(place):
    place.seed("data")
    before, stored = place.digest("data"), place.stored()
    point = place.back_up()
    (snapshot,) = place.driver.snapshots - stored

    place.plane.kubectl("delete", "namespace", place.namespace)
    wait(lambda: not place.driver.volumes - {*stored}, "the volume does not go")
    assert snapshot in place.driver.snapshots
    place.restore(point)
    assert place.digest("data") == before

    place.delete(point)
    assert snapshot not in place.driver.snapshots
    assert place.points() == []


def test_a_group_of_three_is_taken_at_one_moment_and_goes_whole(place):
    claims = ("data", "logs", "media")
    place.seed(*claims)
    digests = {claim: place.digest(claim) for claim in claims}
    groups, snapshots = place.driver.groups, place.driver.snapshots

    point = place.back_up(groups=True)

    assert len(place.driver.groups - groups) == 1
    assert len(place.driver.snapshots - snapshots) == 3
    assert {volume.method for volume in point.contents.volumes} == {"CSI group snapshot"}
    assert "not-one-moment" not in [finding.code for finding in point.findings]
    for claim in claims:
        place.write(claim)
    drill = place.named("drill")
    place.restore(point, onto=drill)
    assert {claim: place.digest(claim, drill) for claim in claims} == digests
    place.restore(point, "r-3", existing=Existing.UPDATE)
    assert {claim: place.digest(claim) for claim in claims} == digests

    place.delete(point)
    assert (place.driver.groups, place.driver.snapshots) == (groups, snapshots)


def test_a_group_is_deleted_whole_when_its_namespace_is_gone(place):
    place.seed("data", "logs")
    groups, snapshots = place.driver.groups, place.driver.snapshots
    point = place.back_up(groups=True)
    place.plane.kubectl("delete", "namespace", place.namespace)

    place.delete(point)

    assert (place.driver.groups, place.driver.snapshots) == (groups, snapshots)
    assert not [name for name in place.standing() if "group" in name]


def test_a_volume_comes_back_in_another_class(place):
    place.plane.apply(OTHER_CLASS)
    place.seed("data")
    before = place.digest("data")
    point = place.back_up()

    place.restore(
        point, onto=place.named("drill"), storage_classes={"directory": "other-directory"}
    )

    assert place.digest("data", place.named("drill")) == before
    claim = place.plane.get("pvc", "data", place.named("drill"))
    assert claim["spec"]["storageClassName"] == "other-directory"


OTHER_CLASS = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: other-directory}
provisioner: directory.testbed.slackwater
"""


def mode(place, claim, namespace=""):
    """The modes of a claim and of its volume."""
    found = place.plane.get("pvc", claim, namespace or place.namespace)
    volume = place.plane.get("pv", found["spec"]["volumeName"])
    return found["spec"]["volumeMode"], volume["spec"]["volumeMode"]


def test_a_raw_device_comes_back_as_one_beside_it_and_in_its_place(place):
    place.seed("data")
    place.plane.apply(claimed(place, "raw", "Block"))
    device = place.data("raw") / "device"
    sectors = os.urandom(device.stat().st_size)
    device.write_bytes(sectors)
    point = place.back_up()
    device.write_bytes(bytes(len(sectors)))

    drill = place.named("drill")
    place.restore(point, "r-2", onto=drill)
    assert (place.data("raw", drill) / "device").read_bytes() == sectors
    assert mode(place, "raw", drill) == ("Block", "Block")
    assert mode(place, "data", drill) == ("Filesystem", "Filesystem")

    old = place.csi.volume(place.namespace, "raw")
    place.restore(point, "r-3", existing=Existing.UPDATE)
    assert (place.data("raw") / "device").read_bytes() == sectors
    assert place.csi.volume(place.namespace, "raw") != old
    assert mode(place, "raw") == ("Block", "Block")


def test_what_the_provisioner_would_refuse_for_its_mode_is_refused_in_the_plan(place):
    place.plane.apply(NAMESPACE.format(namespace=place.namespace))
    place.plane.apply(claimed(place, "raw", "Block"))
    place.data("raw")
    point = place.back_up()
    there = ("-n", place.namespace)
    place.plane.apply(THEIRS.format(namespace=place.namespace))
    place.plane.kubectl("wait", *there, "--for=jsonpath={.status.readyToUse}=true", "vs/theirs")
    place.plane.apply(claimed(place, "wrong", "Filesystem", source="theirs"))
    said = (*there, "-o", "jsonpath={.items[*].message}")
    wait(
        lambda: "modifies the mode of the source volume" in place.plane.kubectl("get", "ev", *said),
        "the provisioner does not refuse it",
    )
    place.plane.kubectl("delete", "pvc", "wrong", "raw", *there)
    place.plane.apply(claimed(place, "raw", "Filesystem"))
    place.data("raw")

    [theirs] = [each for each in place.points() if each.made_by.endswith("/theirs")]
    backend = place.backend()
    exchanged = place.plan_restore(backend, point, existing=Existing.UPDATE)
    beside = place.plan_restore(backend, theirs, onto=place.named("drill"))
    assert [f.code for f in exchanged.findings if f.blocks] == ["mode-differs"]
    assert [f.code for f in beside.findings if f.blocks] == ["mode-differs"]
    assert exchanged.acts == beside.acts == ()


def claimed(place, name, mode, *, source=""):
    claim = claim_of(place.namespace, name)
    claim["spec"]["volumeMode"] = mode
    if source:
        of = {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": source}
        claim["spec"]["dataSource"] = of
    return yaml.safe_dump(claim)


NAMESPACE = "{{apiVersion: v1, kind: Namespace, metadata: {{name: {namespace}}}}}"
THEIRS = """
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {{name: theirs, namespace: {namespace}}}
spec: {{source: {{persistentVolumeClaimName: raw}}}}
"""


def test_of_two_backups_that_see_a_pod_free_one_has_it(place):
    place.plane.apply(NAMESPACE.format(namespace=place.namespace))
    place.plane.apply(POD.format(namespace=place.namespace))
    site = place.backend(hooks=True)._site

    def seen():
        return list(site.here.list(PODS, Pod, namespace=place.namespace))

    first, second = (holder(site, place.namespace, run) for run in ("r-1", "r-2"))
    free = seen()
    [taken] = first.take(free)
    with pytest.raises(TransientBackendError, match="modified"):
        second.take(free)
    with pytest.raises(BackendUnavailable, match="held still for another backup: run r-1"):
        second.take(seen())
    first.give_back([taken.pod])

    [taken] = second.take(seen())

    with pytest.raises(TransientBackendError, match="modified"):
        first.give_back(free)
    assert list(map(second.holds, seen())) == [True]
    assert not taken.cut


def holder(site, namespace, run):
    stamp = Stamp(cluster="lone", cluster_uid="uid", run=run)
    work = BackupWork(
        namespace=namespace, stem="sw", request=run, stamp=stamp, within=60, held_within=60
    )
    return Holder(site, work, Key(run=run, step="quiet"))


POD = """
apiVersion: v1
kind: Pod
metadata: {{name: db-0, namespace: {namespace}}}
spec:
  containers: [{{name: db, image: "registry.example/db:1"}}]
"""


def test_data_goes_even_where_nothing_in_the_cluster_stands_for_it_any_more(place):
    place.seed("data")
    stored = place.driver.snapshots
    point = place.back_up()
    place.forget()
    assert len(place.driver.snapshots - stored) == 1

    place.delete(point)

    assert place.driver.snapshots == stored
    assert place.points() == []
