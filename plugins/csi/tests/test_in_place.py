"""Exchanges in place: all comes to rest, the old volume is kept, each act has its way back."""

from __future__ import annotations

import pytest

from slackwater.backend import polling
from slackwater.errors import BackendUnavailable, PermanentBackendError
from slackwater.model.act import Key
from slackwater.model.operation import Phase
from slackwater.model.request import Existing
from slackwater.testing.conformance.worker import Progresses
from slackwater_csi import replacing
from slackwater_csi.emulator.seeding import put

CLAIMS, VOLUMES, DEPLOYMENTS = "persistentvolumeclaims", "persistentvolumes", "deployments.apps"


@pytest.fixture
def point(stage):
    made = stage.back_up(objects=False)
    stage.write("shop", "data", "today")
    return made


def plan(stage, point):
    request = stage.restore_request(point, existing=Existing.UPDATE)
    return stage.backend().plan_restore(request)


def volume_of(stage, claim="data"):
    return stage.api.get(CLAIMS, claim, "shop")["spec"]["volumeName"]


def replicas(stage):
    return stage.api.get(DEPLOYMENTS, "web", "shop")["spec"]["replicas"]


def test_the_plan_names_each_act_its_order_and_its_way_back(stage, point):
    acts = plan(stage, point).acts

    names = ["show", "stop", "release", "claims", "put-back", "scale-up", "hide"]
    assert [act.id for act in acts] == names
    assert [act.id for act in acts if act.always] == ["put-back", "scale-up", "hide"]
    assert all(act.undo for act in acts if not act.always)
    assert "changes deployments/web in home/shop: no replicas" in acts[1].effects


def test_claims_hold_the_snapshots_data_and_old_volumes_are_kept(stage, point, codes):
    old = volume_of(stage)

    results = stage.drive(stage.backend(), plan(stage, point), "r-2")

    assert results["put-back"] == {"put_back": []}
    assert stage.data("shop", "data") == "orders"
    kept = stage.api.get(VOLUMES, old)
    assert kept["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert kept["metadata"]["annotations"]["slackwater.dev/was"] == "shop/data"
    assert kept["metadata"]["annotations"]["emulator.slackwater.dev/data"] == "today"
    assert codes(stage.backend().check()).count("old-volume-kept") == 2


def test_what_uses_the_volumes_is_at_rest_while_they_are_exchanged(stage, point):
    seen = []
    stage.api.subscribe(CLAIMS, lambda _: seen.append(len(stage.api.list("pods", "shop"))))

    results = stage.drive(stage.backend(), plan(stage, point), "r-2")

    assert results["scale-up"] == {"scaled": ["deployments/web"]}
    assert seen
    assert set(seen) == {0}
    assert replicas(stage) == 1


def test_a_claim_that_never_gets_its_volume_gets_the_old_one_back(stage, point):
    backend, planned, old = stage.backend(), plan(stage, point), volume_of(stage)
    for act in planned.acts[:3]:
        stage.do(backend, act, "r-2")
    backend.start(planned.acts[3], Key(run="r-2", step="claims"))  # and nobody provisions it
    put_back = planned.acts[4]

    made = backend.perform(put_back, Key(run="r-2", step="put-back"), Progresses())
    stage.csi.tick()

    assert made == {"put_back": ["data", "media"]}
    assert volume_of(stage) == old
    assert stage.data("shop", "data") == "today"
    volume = stage.api.get(VOLUMES, old)
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    assert "slackwater.dev/was" not in (volume["metadata"].get("annotations") or {})


def test_after_a_failure_everything_runs_as_before(stage, point):
    results = stage.drive(stage.backend(), plan(stage, point), "r-2", without=("claims",))
    stage.csi.tick(2)

    assert results["put-back"] == {"put_back": ["data", "media"]}
    assert (stage.data("shop", "data"), stage.data("shop", "media")) == ("today", "pictures")
    assert replicas(stage) == 1


def test_clean_up_touches_nothing_that_was_never_begun(stage, point):
    backend, before = stage.backend(), stage.api.store.contents()

    for act in plan(stage, point).acts:
        if act.always:
            stage.do(backend, act, "r-never")

    assert stage.api.store.contents() == before


def test_each_act_can_be_done_again(stage, point):
    backend, planned = stage.backend(), plan(stage, point)

    for act in planned.acts:
        stage.do(backend, act, "r-2")
        stage.do(stage.backend(), act, "r-2")

    assert stage.data("shop", "data") == "orders"
    assert replicas(stage) == 1


def test_the_same_exchange_can_be_asked_for_once_more(stage, point):
    stage.drive(stage.backend(), plan(stage, point), "r-2")
    stage.write("shop", "data", "wrong again")

    stage.drive(stage.backend(), plan(stage, point), "r-3")

    assert stage.data("shop", "data") == "orders"


def test_a_pod_of_nobody_blocks(stage, point, codes):
    volumes = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    put(stage.api, "v1", "Pod", "shop", "debug", spec={"volumes": volumes})

    found = plan(stage, point)

    assert found.acts == ()
    assert "in-use" in codes(found.findings)


def test_a_claim_that_was_exchanged_by_somebody_else_is_left_alone(stage, point):
    backend, planned = stage.backend(), plan(stage, point)
    stage.do(backend, planned.acts[0], "r-2")
    found = stage.api.get(CLAIMS, "data", "shop")
    stage.api.delete(CLAIMS, "data", "shop")
    again = {**found, "metadata": {"name": "data", "namespace": "shop"}}
    stage.api.create(again)

    with pytest.raises(PermanentBackendError, match="another one than when this was planned"):
        stage.do(backend, planned.acts[2], "r-2")


def test_a_claim_that_is_still_in_use_is_waited_for(stage, point, monkeypatch):
    monkeypatch.setattr(replacing, "_FREE_WITHIN", 0.05)
    monkeypatch.setattr(polling, "_FIRST", 0.01)
    backend, planned = stage.backend(), plan(stage, point)
    stage.do(backend, planned.acts[0], "r-2")
    held = {"metadata": {"finalizers": ["kubernetes.io/pvc-protection"]}}
    stage.api.patch(CLAIMS, "data", held, "shop")

    with pytest.raises(BackendUnavailable, match="still in use"):
        stage.do(backend, planned.acts[2], "r-2")

    stage.api.patch(CLAIMS, "data", {"metadata": {"finalizers": None}}, "shop")
    stage.do(backend, planned.acts[2], "r-2")
    assert stage.do(backend, planned.acts[3], "r-2").phase is Phase.SUCCEEDED


def test_a_stateful_set_is_known_by_the_claims_of_its_templates(stage, codes):
    stage.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "db"}})
    from slackwater_csi.emulator.seeding import claim

    claim(stage.api, "db", "data-pg-0", "rows")
    spec = {"replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    put(stage.api, "apps/v1", "StatefulSet", "db", "pg", spec=spec)
    point = stage.back_up("db", objects=False)

    found = stage.backend().plan_restore(stage.restore_request(point, existing=Existing.UPDATE))

    assert "changes statefulsets/pg in home/db: no replicas" in found.acts[1].effects
