"""Faults in the middle of things: clear errors, and no orphans in cluster, storage or store."""

from __future__ import annotations

import pytest

from slackwater.backend import Stopped
from slackwater.errors import (
    BackendUnavailable,
    PermanentBackendError,
    PermissionDenied,
    Throttled,
    TransientBackendError,
)
from slackwater.model.act import Key
from slackwater.model.request import PointQuery
from slackwater.testing.conformance.worker import Progresses
from slackwater.testing.kubernetes_api import Refuse
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS

NOTHING = {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}
ANSWERS = [
    (Refuse(409), TransientBackendError),
    (Refuse(429, retry_after=3), Throttled),
    (Refuse(500), BackendUnavailable),
    (Refuse(503), BackendUnavailable),
    (Refuse(403), PermissionDenied),
]
WRITES = [
    ("manifests", "list", "/persistentvolumeclaims$"),
    ("snapshots", "list", "/volumesnapshots$"),
    ("keep", "patch", "/volumesnapshotcontents/"),
    ("keep", "patch", "/volumesnapshots/"),
    ("tidy", "list", "/volumesnapshots$"),
]


def acts_of(stage, backend):
    return backend.plan_backup(stage.request()).acts


@pytest.mark.parametrize(("answer", "kind"), ANSWERS)
@pytest.mark.parametrize(("act", "verb", "path"), WRITES)
def test_what_the_server_refuses_is_told_and_the_act_can_be_done_again(
    stage, act, verb, path, answer, kind
):
    backend = stage.backend()
    acts = acts_of(stage, backend)
    for each in acts:
        if each.id == act:
            stage.server.faults.add(verb, path, answer)
            with pytest.raises(kind) as raised:
                stage.do(backend, each)
            assert (raised.value.backend, raised.value.cluster) == ("csi", "home")
            if kind is Throttled:
                assert raised.value.retry_after == 3
        stage.do(backend, each)

    assert stage.left() == {"snapshots": 2, "contents": 2, "stored": 2, "files": 2}


RESTORE_REQUESTS = [
    ("show", "create", "/namespaces$"),
    ("show", "create", "/volumesnapshotcontents$"),
    ("show", "create", "/volumesnapshots$"),
    ("show", "list", "/volumesnapshots$"),
    ("claims", "create", "/persistentvolumeclaims$"),
    ("claims", "list", "/persistentvolumeclaims$"),
    ("objects", "create", "/deployments$"),
    ("hide", "patch", "/volumesnapshotcontents/"),
    ("hide", "delete", "/volumesnapshotcontents/"),
    ("hide", "delete", "/volumesnapshots/"),
]
GONE_TOO = (Refuse(410), TransientBackendError)


@pytest.mark.parametrize(("act", "verb", "path"), RESTORE_REQUESTS)
def test_a_restore_goes_on_after_whatever_the_server_has_refused(stage, act, verb, path):
    point = stage.back_up()
    before, backend = stage.left(), stage.backend()
    for each in backend.plan_restore(stage.restore_request(point, onto="shop-drill")).acts:
        for answer, kind in (*ANSWERS, GONE_TOO) if each.id == act else ():
            if answer.code == 409 and verb == "create":
                continue  # the name is taken: that is looked into, and no failure
            stage.server.faults.add(verb, path, answer)
            with pytest.raises(kind):
                stage.do(backend, each, "r-2")
            stage.server.faults.clear()
        stage.do(backend, each, "r-2")

    assert stage.standing("shop-drill") == stage.standing("shop")
    assert stage.left() == before


def test_a_deletion_whose_kinds_go_is_not_done(stage):
    """Nothing says that the data is gone: the manifest, which alone names it, stays."""
    point, backend = stage.back_up("crm"), stage.backend()
    (act,) = backend.plan_deletion(point.id).acts
    stage.csi.pause()
    gone = Refuse(404, message="the server could not find the requested resource")
    stage.server.faults.add("get", "/volumesnapshotcontents/", gone, times=None)

    with pytest.raises(PermanentBackendError, match="get volumesnapshotcontents"):
        stage.do(backend, act, "r-3")

    assert [each.id for each in backend.list_recovery_points(PointQuery())] == [point.id]


@pytest.mark.parametrize("lost", ["manifests", "snapshots", "keep"])
def test_a_backup_that_breaks_off_anywhere_leaves_nothing(stage, lost):
    backend = stage.backend()
    acts = acts_of(stage, backend)
    names = [act.id for act in acts]
    for act in acts[: names.index(lost)]:
        stage.do(backend, act)

    stage.do(backend, acts[-1])

    assert stage.left() == NOTHING


def test_snapshots_under_way_are_removed_with_their_data(stage):
    backend = stage.backend()
    acts = acts_of(stage, backend)
    stage.do(backend, acts[0])
    backend.start(acts[1], Key(run="r-1", step="snapshots"))
    stage.csi.tick()  # contents are made, data is taken, nothing is ready

    stage.do(backend, acts[-1])

    assert stage.left() == NOTHING


def test_snapshots_whose_kind_is_deleted_in_the_middle_end_in_a_clear_error(stage):
    backend = stage.backend()
    acts = acts_of(stage, backend)
    stage.do(backend, acts[0])
    ref = backend.start(acts[1], Key(run="r-1", step="snapshots"))
    stage.csi.pause()
    for kind in (SNAPSHOTS, CONTENTS):
        for found in stage.api.list(kind):
            stage.csi.world.change(kind, found, {"metadata": {"finalizers": None}})
    for name in (SNAPSHOTS, CONTENTS):
        stage.api.delete("customresourcedefinitions.apiextensions.k8s.io", name)

    with pytest.raises(PermanentBackendError, match="list volumesnapshots") as raised:
        backend.get_operations([ref])

    assert "external-snapshotter" in raised.value.hint


@pytest.mark.parametrize("act", ["manifests", "keep"])
def test_a_performer_that_is_asked_to_stop_leaves_what_clean_up_finds(stage, act):
    backend = stage.backend()
    acts = {each.id: each for each in acts_of(stage, backend)}
    for each in acts.values():
        if each.id == act:
            with pytest.raises(Stopped):
                backend.perform(each, Key(run="r-1", step=act), Progresses(stopping=True))
            break
        stage.do(backend, each)

    stage.do(backend, acts["tidy"])

    assert stage.left() == NOTHING


@pytest.mark.parametrize("verb", ["create", "list", "delete"])
def test_a_right_that_is_taken_away_in_the_middle_is_named(stage, verb):
    backend = stage.backend()
    acts = {each.id: each for each in acts_of(stage, backend)}
    stage.do(backend, acts["manifests"])
    act = acts["tidy" if verb == "delete" else "snapshots"]
    if verb == "delete":
        stage.do(backend, acts["snapshots"])
    stage.server.faults.add(verb, "/volumesnapshots", Refuse(403))

    with pytest.raises(PermissionDenied, match=f"{verb} volumesnapshots"):
        stage.do(backend, act)


def test_a_namespace_that_goes_in_the_middle_fails_and_leaves_nothing(stage):
    backend = stage.backend()
    acts = {each.id: each for each in acts_of(stage, backend)}
    stage.do(backend, acts["manifests"])
    ref = backend.start(acts["snapshots"], Key(run="r-1", step="snapshots"))
    stage.csi.tick()
    stage.wreck()

    assert backend.get_operations([ref]) == {}
    stage.do(backend, acts["tidy"])

    assert stage.left() == NOTHING


def test_a_restore_that_breaks_off_after_showing_hides_what_it_showed(stage):
    point = stage.back_up()
    before = stage.left()
    backend = stage.backend()
    plan = backend.plan_restore(stage.restore_request(point, onto="shop-drill"))

    stage.drive(backend, plan, "r-2", without=("claims", "objects"))

    assert stage.left() == before


def test_a_store_that_does_not_answer_stops_a_backup_before_it_begins(stage):
    from slackwater.testing.artefacts import StoreTrouble

    backend = stage.backend()
    acts = acts_of(stage, backend)
    stage.store.cause(StoreTrouble.UNAVAILABLE)

    with pytest.raises(BackendUnavailable) as raised:
        stage.do(backend, acts[0])

    assert (raised.value.backend, raised.value.cluster) == ("csi", "home")
    assert stage.api.list(SNAPSHOTS) == []


def test_manifests_that_nobody_can_open_stop_a_restore_of_claims(stage):
    point = stage.back_up("crm")
    backend = stage.backend()
    plan = backend.plan_restore(stage.restore_request(point, onto="crm-drill"))
    (artefact,) = (stage.folder / "store" / "kept").rglob("*.age")
    artefact.write_bytes(artefact.read_bytes()[:-7])
    before = stage.left()

    late = backend.plan_restore(stage.restore_request(point, onto="crm-drill"))
    results = stage.drive(backend, plan)

    assert (late.acts, [finding.code for finding in late.findings]) == ((), ["point-damaged"])
    assert type(results["claims"]).__name__ == "ArtefactDamaged"
    assert results["claims"].hint
    assert stage.left() == before
    assert stage.api.list("persistentvolumeclaims", "crm-drill") == []
