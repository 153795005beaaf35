"""Exports go into another cluster: nobody sees a receive string, and only the plan is done."""

from __future__ import annotations

import shutil
from contextlib import suppress

import pytest

from slackwater.errors import PermanentBackendError, TransientBackendError
from slackwater.model.act import ActKind
from slackwater.model.operation import Phase
from slackwater.testing.artefacts import StoreTrouble
from slackwater.testing.kubernetes_api import Cut
from slackwater.testing.kubernetes_api.workloads import contents
from slackwater_kasten.emulator.vault import PREFIX

POLICIES = "policies.config.kio.kasten.io"
PROFILE = {"name": "offsite", "namespace": "kasten-io"}


@pytest.fixture
def point(clusters):
    return clusters.back_up(store="vault")


def receive_string(clusters):
    (export,) = clusters.k10.catalog.all("exportactions")
    return export["spec"]["receiveString"]


def stand(clusters, name="from-east", *actions, profile=PROFILE):
    """An import policy that stands in west for good, as a person has made it."""
    parameters = {"profile": profile, "receiveString": receive_string(clusters)}
    imports = {"action": "import", "importParameters": parameters}
    west = clusters.apis["west"]
    west.create({"apiVersion": "config.kio.kasten.io/v1alpha1", "kind": "Policy",
                 "metadata": {"name": name, "namespace": "kasten-io"},
                 "spec": {"frequency": "@onDemand", "actions": [imports, *actions]}})  # fmt: skip
    clusters.kasten.tick()
    return {"import_policies": {"east": name}}


def blocking(plan):
    (finding,) = [each for each in plan.findings if each.blocks]
    assert plan.acts == ()
    assert finding.way_out
    return finding


def test_the_way_to_an_export_is_kept_and_outlives_the_cluster(clusters, point):
    seeded = contents(clusters.api, "shop")
    west, plan = clusters.elsewhere(point, store="vault")
    clusters.kasten.kill("east")

    results = clusters.drive(west, plan, "r-2")

    assert results["verify"]["missing"] == []
    assert contents(clusters.apis["west"], "shop") == seeded
    assert clusters.apis["west"].list(POLICIES) == []


def test_what_is_kept_is_readable_to_nobody_without_the_key(clusters, point, tmp_path):
    receive = receive_string(clusters)
    assert receive.startswith(PREFIX)
    _, plan = clusters.elsewhere(point, store="vault")

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in files if path.suffix == ".age"], "it is kept"
    assert [path for path in files if receive.encode() in path.read_bytes()] == []
    assert receive not in repr(plan)


def test_a_string_that_cannot_be_opened_blocks_the_plan(clusters, point):
    (kept,) = (clusters.store.folder / "kept").rglob("*.age")
    kept.write_bytes(kept.read_bytes()[:-7])

    _, plan = clusters.elsewhere(point, store="vault")

    assert blocking(plan).code == "receive-unreadable"


def test_a_store_that_is_away_is_no_missing_string(clusters, point):
    clusters.store.cause(StoreTrouble.UNAVAILABLE)
    with pytest.raises(TransientBackendError):
        clusters.elsewhere(point, store="vault")


def test_a_point_that_is_deleted_takes_its_string_along(clusters, point):
    backend = clusters.backend(store="vault")
    plan = backend.plan_deletion(point.id)
    assert [act.id for act in plan.acts] == ["delete", "delete-2", "forget-receive"]

    clusters.drive(backend, plan, "r-delete")

    assert list(clusters.store.folder.rglob("*.age")) == []


@pytest.mark.parametrize("lost", ["create", "patch", "delete"])
def test_each_step_is_gone_on_with_after_its_answer_was_lost(clusters, point, lost):
    """As after kill -9 behind any write: it was made, and nobody has noted it down."""
    west, plan = clusters.elsewhere(point, store="vault")
    for act in plan.acts:
        clusters.servers["west"].faults.add(lost, ".", Cut(after_effect=True))
        with suppress(TransientBackendError):
            clusters.do(west, act, "r-2")
        clusters.servers["west"].faults.clear()
        result = clusters.do(clusters.backend("west", store="vault"), act, "r-2")
        assert act.kind is ActKind.PERFORMED or result.phase is Phase.SUCCEEDED

    assert contents(clusters.apis["west"], "shop") == contents(clusters.api, "shop")
    assert clusters.apis["west"].list(POLICIES) == []
    for kind in ("runactions", "restoreactions", "importactions"):
        assert len(clusters.kasten.servers["west"].catalog.all(kind)) == 1


def test_a_policy_that_stands_for_good_is_run_and_stays(clusters, point):
    settings = stand(clusters)
    west, plan = clusters.elsewhere(point, **settings)
    assert [act.id for act in plan.acts] == ["import", "bind", "restore", "verify", "unbind"]

    results = clusters.drive(west, plan, "r-2")

    assert results["verify"]["missing"] == []
    assert [each["metadata"]["name"] for each in clusters.apis["west"].list(POLICIES)] == [
        "from-east"
    ]


def test_a_policy_that_would_also_restore_is_never_run(clusters, point):
    restores = {"action": "restore", "restoreParameters": {}}
    _, plan = clusters.elsewhere(point, **stand(clusters, "greedy", restores))

    assert blocking(plan).code == "import-policy-unfit"
    assert "does more than import: restore" in blocking(plan).message


@pytest.mark.parametrize("settings", [{"import_policies": {"east": "gone"}}])
def test_a_policy_that_is_not_there_is_told(clusters, point, settings):
    _, plan = clusters.elsewhere(point, **settings)
    assert "gone is not there" in blocking(plan).message


def test_a_policy_for_another_place_is_told(clusters, point):
    other = {"name": "other", "namespace": "kasten-io"}
    _, plan = clusters.elsewhere(point, **stand(clusters, profile=other))
    assert blocking(plan).code == "import-policy-unfit"


@pytest.mark.parametrize("how", ["ours", "theirs"])
def test_a_policy_that_somebody_changes_after_the_plan_is_not_run(clusters, point, how):
    settings = stand(clusters) if how == "theirs" else {"store": "vault"}
    west, plan = clusters.elsewhere(point, **settings)
    acts = {act.id: act for act in plan.acts}
    if how == "ours":
        clusters.do(west, acts["add-import"], "r-2")
    name, api = acts["import"].payload["policy"], clusters.apis["west"]
    actions = api.get(POLICIES, name, "kasten-io")["spec"]["actions"]
    api.patch(POLICIES, name, {"spec": {"actions": [*actions, {"action": "restore"}]}}, "kasten-io")

    with pytest.raises(PermanentBackendError, match="does more than import"):
        clusters.do(west, acts["import"], "r-2")

    assert clusters.kasten.servers["west"].catalog.all("runactions") == []


def test_a_policy_that_somebody_deletes_after_the_plan_is_told(clusters, point):
    west, plan = clusters.elsewhere(point, store="vault")
    acts = {act.id: act for act in plan.acts}
    clusters.do(west, acts["add-import"], "r-2")
    clusters.apis["west"].delete(POLICIES, acts["import"].payload["policy"], "kasten-io")

    with pytest.raises(PermanentBackendError, match="is gone"):
        clusters.do(west, acts["import"], "r-2")
    assert clusters.do(west, acts["remove-import"], "r-2") == {"removed": False}


def brought(clusters, point):
    """West, with what the plan imports already in its catalogue."""
    west, plan = clusters.elsewhere(point, onto="drill", store="vault")
    acts = {act.id: act for act in plan.acts}
    for name in ("add-import", "policy", "import"):
        clusters.do(west, acts[name], "r-2")
    return west, acts, clusters.kasten.servers["west"].catalog


def copy_of(catalog, name="shop-of-another-cluster"):
    (content,) = catalog.all("restorepointcontents")
    copy = {**content, "metadata": {**content["metadata"], "name": name, "uid": "another"}}
    catalog.add("restorepointcontents", copy)
    return content["metadata"]["name"], name


def test_a_copy_of_another_clusters_backup_of_the_same_second_is_not_taken(clusters, point):
    west, acts, catalog = brought(clusters, point)
    ours, other = copy_of(catalog)
    inside = catalog.inside[ours]
    catalog.inside[other] = type(inside)([*inside.artifacts, inside.artifacts[0]], inside.data)

    with pytest.raises(PermanentBackendError, match="nothing tells which") as raised:
        clusters.do(west, acts["bind"], "r-2")

    assert other in str(raised.value)
    assert "drill" not in [s["metadata"]["name"] for s in clusters.apis["west"].list("namespaces")]


def test_what_was_imported_twice_is_one(clusters, point):
    west, acts, catalog = brought(clusters, point)
    ours, other = copy_of(catalog)
    catalog.inside[other] = catalog.inside[ours]

    assert clusters.do(west, acts["bind"], "r-2")["namespace"] == "drill"


def test_what_lacks_a_volume_of_the_plan_is_not_restored(clusters, point):
    whole = clusters.backend().get_recovery_point(point.id)
    west, acts, catalog = brought(clusters, whole)
    (content,) = catalog.all("restorepointcontents")
    inside = catalog.inside[content["metadata"]["name"]]
    inside.artifacts[:] = [a for a in inside.artifacts if "kanister" not in str(a.get("meta"))]

    with pytest.raises(PermanentBackendError, match="lacks volumes that the plan has shown"):
        clusters.do(west, acts["bind"], "r-2")


def test_a_cluster_of_which_nothing_is_left_is_no_trouble(clusters, point, tmp_path):
    """The store and the bucket are enough: nothing of the origin is asked."""
    west, plan = clusters.elsewhere(point, store="vault")
    clusters.servers["east"].faults.add("*", ".", Cut(), times=None)
    shutil.rmtree(tmp_path / "spool", ignore_errors=True)

    assert clusters.drive(west, plan, "r-2")["verify"]["missing"] == []
