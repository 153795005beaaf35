"""The whole way, as users go it: a fleet file, a backup, an accident, a plan, a restore."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from slackwater import Fleet
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Whereabouts
from slackwater.model.run import RunState
from slackwater.planning.revalidation import require_unchanged
from slackwater.testing.kubernetes_api import KubernetesApi, Outcome, serve
from slackwater.testing.small_fleets import QUICK, write_fleet
from slackwater_csi import looking
from slackwater_csi.emulator import install
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.seeding import contents, data_of, seed, snapshot, write


@pytest.fixture
def api():
    return KubernetesApi("edge")


@pytest.fixture(autouse=True)
def installed(api):
    """The controllers and the driver of the cluster."""
    with install({"edge": api}, pace=0.02) as csi:
        seed(api)
        yield csi.servers["edge"]


@pytest.fixture
def stored(installed):
    """What lies in the storage of the cluster."""
    return installed.storage


@pytest.fixture
def fleet(api, tmp_path):
    protect = {"namespaces": ["shop", "crm"], "require": ["objects", "volumes"]}
    backends = {"csi": {"store": "vault", "objects": True}}
    with serve(api) as server:
        file = write_fleet(tmp_path, {"edge": server}, backends, policy="bronze", protect=protect)
        with Fleet.load(file, ledger=tmp_path / "ledger.db", timing=QUICK) as fleet:
            yield fleet


def restore(fleet, **how):
    plan = fleet.plan(at=datetime.now(UTC) + timedelta(seconds=1), **how)
    assert not [finding for finding in plan.findings if finding.blocks], plan.findings
    return fleet.restore(plan, confirm=plan.digest).result()


def test_a_policy_an_accident_and_back(fleet, api):
    seeded = {space: contents(api, space) for space in ("shop", "crm")}
    run = fleet.backup("bronze").result()
    assert run.state is RunState.SUCCEEDED, run
    assert {point.origin for point in fleet.points().points} == {"edge"}
    for space in seeded:
        for claim in api.list("persistentvolumeclaims", space):
            api.delete("persistentvolumes", claim["spec"]["volumeName"])
        api.delete("namespaces", space)

    restored = restore(fleet, policy="bronze")

    assert restored.state is RunState.SUCCEEDED, restored
    assert {space: contents(api, space) for space in seeded} == seeded
    assert len(api.list(CONTENTS)) == 3  # those of the points, and nothing of the restore


def test_beside_it_and_then_in_its_place(fleet, api):
    fleet.backup("bronze").result()
    write(api, "shop", "data", "burnt")

    restore(fleet, namespace="shop", map={"shop": "shop-drill"})
    assert _data(api, "shop-drill") == "orders"
    assert _data(api, "shop") == "burnt"

    run = restore(fleet, namespace="shop", update=True)
    assert run.state is RunState.SUCCEEDED, run
    assert _data(api, "shop") == "orders"
    assert api.get("deployments.apps", "web", "shop")["spec"]["replicas"] == 1


def test_in_place_of_all_that_stands_with_the_way_back_saved_first(fleet, api):
    fleet.backup("bronze").result()
    write(api, "crm", "letters", "burnt")

    run = restore(fleet, namespace="crm", replace=True)

    assert run.state is RunState.SUCCEEDED, run
    assert _data(api, "crm", "letters") == "dear all"
    saved = [point for point in fleet.points().points if point.scope.namespaces == ("crm",)]
    assert len(saved) == 2  # that of the policy, and the way back


def test_snapshots_are_neither_in_the_way_nor_a_change(fleet, api):
    fleet.backup("bronze").result()
    (snapshot,) = api.list(SNAPSHOTS, "crm")
    for kind in ("deployments.apps", "configmaps", "secrets", "persistentvolumeclaims"):
        for each in api.list(kind, "crm"):
            api.delete(kind, each["metadata"]["name"], "crm")
    plan = fleet.plan(at=datetime.now(UTC) + timedelta(seconds=1), namespace="crm")
    assert not plan.blocked, plan.findings

    about = {"name": "nightly", "namespace": "crm"}
    source = {"persistentVolumeClaimName": "letters"}
    api.create({**snapshot, "metadata": about, "spec": {"source": source}})

    require_unchanged(plan, fleet.connections)
    run = fleet.restore(plan, confirm=plan.digest).result()
    assert run.state is RunState.SUCCEEDED, run
    assert _data(api, "crm", "letters") == "dear all"


def test_a_point_is_deleted_whole(fleet, api):
    fleet.backup("bronze").result()
    for point in fleet.points().points:
        plan = fleet.plan_deletion(point.name)
        fleet.delete(plan, confirm=plan.digest).result()

    assert fleet.points().points == ()
    assert api.list(SNAPSHOTS) == api.list(CONTENTS) == []


def test_what_doctor_finds_out_about_data_is_in_every_list_and_plan(fleet, api, stored):
    fleet.backup("bronze").result()
    (shop,) = [p for p in fleet.points().points if p.scope.namespaces == ("shop",)]
    assert (shop.phase, shop.data.whereabouts) == (Phase.SUCCEEDED, Whereabouts.NEVER_ASKED)
    stored.delete(min(stored.snapshots))

    found = [each for each in fleet.doctor().findings if each.code == "data-gone"]

    points = {p.name: p for p in fleet.points().points}
    assert {each.subject for each in found} == {
        name for name, p in points.items() if p.data.whereabouts is Whereabouts.GONE
    }
    (lost,) = found
    assert points[lost.subject].phase is Phase.PARTIAL
    assert fleet.point(lost.subject).phase is Phase.PARTIAL
    (space,) = points[lost.subject].scope.namespaces
    plan = fleet.plan(at=datetime.now(UTC) + timedelta(seconds=1), namespace=space, update=True)
    assert plan.blocked
    assert "its data is gone" in plan.why_blocked
    others = [p for p in points.values() if p.name != lost.subject]
    assert [(p.phase, p.data.whereabouts) for p in others] == [(Phase.SUCCEEDED, Whereabouts.THERE)]
    assert not [each for each in api.list(CONTENTS) if "look" in each["metadata"]["name"]]


def test_what_doctor_finds_out_about_snapshots_of_others_is_in_every_list_too(fleet, api, stored):
    snapshot(api, "shop", "nightly", "data")
    until(lambda: [p for p in fleet.points().points if p.phase is Phase.SUCCEEDED])
    (before,) = fleet.points().points
    stored.delete(*stored.snapshots)

    (found,) = [each for each in fleet.doctor().findings if each.code == "data-gone"]

    (listed,) = fleet.points().points
    assert (listed.id, found.subject) == (before.id, before.name)
    assert listed.phase is fleet.point(before.name).phase is Phase.PARTIAL
    (volume,) = fleet.point(before.name).contents.volumes
    assert (volume.held, volume.reason) == (False, "its data is gone")


def test_a_storage_that_is_silent_later_takes_nothing_back(fleet, installed, monkeypatch):
    fleet.backup("bronze").result()
    installed.storage.delete(min(installed.storage.snapshots))
    (lost,) = [each.subject for each in fleet.doctor().findings if each.code == "data-gone"]
    installed.faults.no_sidecar = True
    monkeypatch.setattr(looking, "_ANSWERED_WITHIN", 0.1)
    again = [each.subject for each in fleet.doctor().findings if each.code == "data-gone"]
    assert again == [lost]
    assert fleet.point(lost).phase is Phase.PARTIAL


def test_a_point_that_was_lost_is_taken_as_it_is_where_that_is_asked_for(fleet, api, stored):
    fleet.backup("bronze").result()
    stored.delete(min(stored.snapshots))
    (lost,) = [each.subject for each in fleet.doctor().findings if each.code == "data-gone"]
    (space,) = fleet.point(lost).scope.namespaces
    soon = datetime.now(UTC) + timedelta(seconds=1)
    plan = fleet.plan(at=soon, namespace=space, map={space: "look"}, accept_partial=True)
    assert not plan.blocked, plan.findings
    require_unchanged(plan, fleet.connections)


def test_a_policy_that_wants_more_than_snapshots_is_told_so(fleet):
    text = fleet.file.path.read_text().replace("- volumes\n", "- volumes\n      - off-cluster\n")
    fleet.file.path.write_text(text)
    with Fleet.load(fleet.file.path, ledger=fleet.file.path.parent / "l.db", timing=QUICK) as other:
        run = other.backup("bronze")

    codes = {finding.code for finding in run.findings}
    assert codes & {"not-all-of-it", "nobody-protects"}


def _data(api, space, claim="data"):
    return data_of(api, api.get("persistentvolumeclaims", claim, space))


@pytest.mark.parametrize("cancelled", [False, True])
def test_pods_that_hold_still_go_on_at_the_end_and_when_the_run_is_cancelled(fleet, api, cancelled):
    words = []
    holds, may_go = threading.Event(), threading.Event()

    def runs(command):
        words.append(" ".join(command.words))
        holds.set()
        may_go.wait(10)
        return Outcome()

    api.runner = runs
    api.seed(POD)
    with with_hooks(fleet, "l") as other:
        handle = other.backup("bronze")
        with ThreadPoolExecutor(1) as pool:
            ending = pool.submit(lambda: list(handle.follow()))
            assert holds.wait(10)
            if cancelled:
                handle.runs.cancel(handle.id)
            may_go.set()
            ending.result()
        run = handle.now

    assert run.state is (RunState.CANCELLED if cancelled else RunState.SUCCEEDED), run
    assert words == ["lock", "unlock"]
    assert api.list("pods", "shop", labels="slackwater.dev/held-for") == []


def test_two_machines_that_back_up_at_once_hold_a_pod_one_after_the_other(fleet, api, installed):
    frozen, holds = [], threading.Event()

    def runs(command):
        word = command.words[0]
        frozen.append(word)
        holds.set()
        return Outcome(code=frozen[-2:] == [word, word])

    api.runner = runs
    api.seed(POD)
    installed.faults.no_sidecar = True  # the first has its pods hold still until this is over
    with (
        with_hooks(fleet, "here") as here,
        with_hooks(fleet, "there") as there,
        ThreadPoolExecutor(2) as pool,
    ):
        first, second = here.backup("bronze"), there.backup("bronze")
        ends = [pool.submit(lambda: list(first.follow()))]
        assert holds.wait(10)
        ends.append(pool.submit(lambda: list(second.follow())))
        until(lambda: any(f"another backup: run {first.id}" in m for m in said_of(second)))
        assert frozen == ["lock"]
        installed.faults.no_sidecar = False
        for end in ends:
            end.result()
        states = [first.now.state, second.now.state]
        points = here.points().points

    assert states == [RunState.SUCCEEDED] * 2
    assert frozen == ["lock", "unlock"] * 2
    told = [
        codes for point in points if "held-still" in (codes := [f.code for f in point.findings])
    ]
    assert len(told) == 2
    assert not {"hook-failed", "not-held"} & {code for codes in told for code in codes}


def with_hooks(fleet, ledger):
    """The same fleet on another machine: with a ledger of its own."""
    content = yaml.safe_load(fleet.file.path.read_text())
    content["clusters"]["edge"]["backends"]["csi"]["hooks"] = True
    fleet.file.path.write_text(yaml.safe_dump(content))
    ledger = fleet.file.path.parent / f"{ledger}.db"
    return Fleet.load(fleet.file.path, ledger=ledger, timing=QUICK)


def said_of(handle):
    return [record.message for record in handle.now.steps]


def until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "db-0",
        "namespace": "shop",
        "annotations": {
            "pre.hook.backup.velero.io/command": "lock",
            "post.hook.backup.velero.io/command": "unlock",
        },
    },
    "spec": {"containers": [{"name": "db", "image": "registry.example/db:1"}]},
    "status": {"phase": "Running"},
}
