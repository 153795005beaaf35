"""Real parts that fail: every run ends, in bounded time, with the truth, and leaves nothing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from slackwater.errors import BackendError
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Whereabouts
from slackwater.model.request import Existing
from slackwater.testing.conformance.worker import Progresses
from slackwater_csi.facts import PointFacts

from .real_place import digest_of, wait

pytestmark = pytest.mark.real("etcd", "kubernetes", "csi", "csi-driver")

BUSY = "the array is busy"
DRIVER = "directory.testbed.slackwater"


def start(place, run="r-1", **settings):
    """Keep the manifests and start the snapshots; return the backend, what is left to do, a ref."""
    backend = place.backend(**settings)
    manifests, snapshots, *rest = backend.plan_backup(place.request(run)).acts
    place.do(backend, manifests, run)
    ref = backend.start(snapshots, Key(run=place.run(run), step=snapshots.id))
    return backend, rest, ref


def look(backend, ref):
    return backend.get_operations([ref])[ref]


def finish(place, backend, rest, run="r-1"):
    return {act.id: place.do(backend, act, run) for act in rest}


@pytest.mark.parametrize("when", ["crash", "silent"])
@pytest.mark.parametrize("groups", [False, True])
def test_a_driver_killed_half_way_leaves_one_whole_snapshot(place, when, groups):
    """Killed while it copies, or when all is done and nobody has heard of it yet."""
    place.seed("data", "logs")
    before, stored = place.digest("data"), place.driver.snapshots
    call = "CreateVolumeGroupSnapshot" if groups else "CreateSnapshot"
    with place.driver.fault(f"{call}.{when}"):
        backend, rest, ref = start(place, groups=groups)
        wait(lambda: not place.driver.server.running, "the driver does not die")
        assert look(backend, ref).phase in (Phase.PENDING, Phase.RUNNING)
        place.plane.start()

        assert place.ended(backend, ref).phase is Phase.SUCCEEDED
    made = finish(place, backend, rest)

    assert len(place.driver.snapshots - stored) == 2
    assert place.driver.unfinished == frozenset()
    place.restore(place.point(made["keep"]["point"]), onto=place.named("drill"))
    assert place.digest("data", place.named("drill")) == before


def test_an_error_for_a_while_is_told_and_is_no_end(place):
    place.seed("data")
    with place.driver.fault("CreateSnapshot.error", BUSY):
        backend, rest, ref = start(place)
        seen = wait(lambda: _saying(look(backend, ref), BUSY), "the error is not told")
        assert seen.phase is Phase.RUNNING

    assert place.ended(backend, ref).phase is Phase.SUCCEEDED
    made = finish(place, backend, rest)
    assert place.point(made["keep"]["point"]).phase is Phase.SUCCEEDED


def _saying(operation, words):
    return operation if words in operation.message else None


def test_a_snapshot_that_never_gets_ready_ends_at_its_deadline_and_leaves_nothing(place):
    place.seed("data")
    stored, standing = place.driver.snapshots, place.standing()
    with place.driver.fault("never-ready"):
        backend, rest, ref = start(place)
        wait(lambda: place.driver.snapshots - stored, "no snapshot is taken")
        wait(lambda: "not ready yet" in look(backend, ref).message, "it is not told why")
        place.ahead = timedelta(minutes=3)
        late = look(backend, ref)
        assert (late.phase, late.retryable) == (Phase.FAILED, True)
        assert "not ready in time" in late.message
        with pytest.raises(BackendError):
            backend.perform(rest[0], Key(run=place.run("r-1"), step=rest[0].id), Progresses())
        tidied = [place.do(backend, act, "r-1") for act in rest if act.always]

    assert tidied[-1]["removed"] == 1
    wait(lambda: place.driver.snapshots == stored, "the snapshot stays in the storage")
    wait(lambda: place.standing() == standing, "objects stay")
    assert place.points() == []


def test_a_lost_snapshot_is_found_out_before_anything_is_touched(place):
    """Kubernetes goes on saying that it is ready: nobody asks the storage again."""
    place.seed("data")
    point = place.back_up()
    now = place.write("data")
    volume = place.csi.volume(place.namespace, "data")
    (handle,) = [each.handle for each in _held(place, point)]
    assert place.backend().look_for_data()[point.id].whereabouts is Whereabouts.THERE
    place.driver.lose(handle)
    sight = place.backend().look_for_data()[point.id]
    assert sight.whereabouts is Whereabouts.GONE
    assert handle in sight.message
    assert place.point(point.name).phase is Phase.SUCCEEDED, "Kubernetes was not told"
    wait(lambda: not [name for name in place.standing() if "look" in name], "a look is left")
    backend = place.backend(ready_within="3s", more_for_each="1s")

    results = place.restore(point, existing=Existing.UPDATE, backend=backend)

    assert results["show"].phase is Phase.FAILED, results
    assert "release" not in results
    assert place.digest("data") == now
    assert place.csi.volume(place.namespace, "data") == volume


def test_a_lost_snapshot_that_somebody_else_made_is_found_out_too(place):
    place.seed("data")
    place.plane.apply(THEIRS.format(namespace=place.namespace))
    where = ("get", "volumesnapshot", "theirs", "-n", place.namespace, "-o")
    ready = (*where, "jsonpath={.status.readyToUse}")
    wait(lambda: place.plane.kubectl(*ready) == "true", "it does not get ready")
    [point] = [each for each in place.points() if place.namespace in each.made_by]
    assert point.data.whereabouts is Whereabouts.NEVER_ASKED
    assert place.backend().look_for_data()[point.id].whereabouts is Whereabouts.THERE

    content = place.plane.kubectl("get", "volumesnapshotcontent", point.name, "-o", "json")
    place.driver.lose(json.loads(content)["status"]["snapshotHandle"])

    assert place.backend().look_for_data()[point.id].whereabouts is Whereabouts.GONE


THEIRS = """
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {{name: theirs, namespace: {namespace}}}
spec: {{source: {{persistentVolumeClaimName: data}}}}
"""


def _held(place, point):
    manifest = place.store.open("csi", place.clock).manifest(point.name)
    return PointFacts.model_validate(manifest.facts).held


def test_two_default_classes_are_told_before_anything_begins(place):
    place.seed("data")
    place.plane.apply(SECOND_CLASS)
    try:
        backend = place.backend()
        assert "two-default-classes" in [finding.code for finding in backend.check()]
        plan = backend.plan_backup(place.request())
        assert "2 default" in " ".join(finding.message for finding in plan.findings)
        named = place.back_up(classes={DRIVER: "directory"})
        assert named.phase is Phase.SUCCEEDED
    finally:
        place.plane.kubectl("delete", "volumesnapshotclass", "second")


SECOND_CLASS = """
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata:
  name: second
  annotations: {snapshot.storage.kubernetes.io/is-default-class: "true"}
driver: directory.testbed.slackwater
deletionPolicy: Delete
"""


def test_without_a_controller_it_waits_says_so_and_goes_on_when_one_comes(place):
    place.seed("data")
    place.csi.snapshot_controller.kill()
    backend, rest, ref = start(place)
    waiting = look(backend, ref)
    assert waiting.phase is Phase.PENDING
    assert "snapshot-controller" in waiting.message
    place.ahead = timedelta(seconds=150)
    assert "no-controller" in [finding.code for finding in place.backend().check()]

    place.ahead = timedelta()
    place.csi.snapshot_controller.start()
    assert place.ended(backend, ref).phase is Phase.SUCCEEDED
    finish(place, backend, rest)


def test_without_a_sidecar_the_operation_names_what_waits(place):
    place.seed("data")
    place.csi.snapshotter.kill()
    backend, rest, ref = start(place)
    wait(lambda: _saying(look(backend, ref), "csi-snapshotter"), "the sidecar is not named")

    place.csi.snapshotter.start()
    assert place.ended(backend, ref).phase is Phase.SUCCEEDED
    finish(place, backend, rest)


def test_an_exchange_that_fails_puts_the_old_volume_back(place):
    place.seed("data")
    point = place.back_up()
    now = place.write("data")
    volume = place.csi.volume(place.namespace, "data")
    backend = place.backend()
    plan = place.plan_restore(backend, point, existing=Existing.UPDATE)
    acts = tuple(act for act in plan.acts if act.id not in ("claims", "objects"))

    place.drive(backend, plan.model_copy(update={"acts": acts}), "r-2")

    assert place.csi.volume(place.namespace, "data") == volume
    assert digest_of(place.driver.data(volume)) == now
