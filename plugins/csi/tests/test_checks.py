"""Checks, descriptions and rights: what is not here is said, with its way out."""

from __future__ import annotations

import threading

import pytest
import yaml

from slackwater.clusters import Cluster
from slackwater.model.capability import Capability
from slackwater.model.finding import Severity
from slackwater.model.recovery_point import Whereabouts
from slackwater.model.request import PointQuery
from slackwater.testing.kubernetes_api import KubernetesApi, Rule, serve
from slackwater_csi import asked_points, looking
from slackwater_csi.emulator.definitions import CLASSES, CONTENTS, SNAPSHOTS, group_definitions
from slackwater_csi.emulator.installing import snapshot_class
from slackwater_csi.emulator.seeding import claim, snapshot
from slackwater_csi.plugin import discover
from slackwater_csi.rights import binding, needs, rights, role

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


def errors(stage, **settings):
    found = stage.backend(**settings).check()
    assert all(finding.way_out for finding in found if finding.blocks)
    return [finding.code for finding in found if finding.blocks]


def remove_snapshots(stage):
    for definition in stage.api.list(DEFINITIONS):
        stage.api.delete(DEFINITIONS, definition["metadata"]["name"])


def test_where_all_is_well_nothing_is_found_but_what_cannot_be_snapshotted(stage, codes):
    assert codes(stage.backend().check()) == []


def test_without_the_definitions_it_is_not_available(stage):
    remove_snapshots(stage)

    description = stage.backend().describe()

    assert not description.available
    assert "snapshot.storage.k8s.io/v1" in description.reason
    assert errors(stage) == ["not-installed"]
    (finding,) = stage.backend().check()
    assert finding.stops_restores


def test_without_the_definitions_kept_points_are_still_shown(stage):
    point = stage.back_up()
    remove_snapshots(stage)

    assert [each.name for each in stage.points()] == [point.name]


@pytest.mark.parametrize(
    ("settings", "lacking"),
    [
        ({"store": ""}, {Capability.OBJECTS, Capability.VOLUMES}),
        ({"objects": False}, {Capability.OBJECTS}),
        ({}, set()),
    ],
)
def test_what_it_can_do_depends_on_settings_and_says_so(stage, settings, lacking):
    description = stage.backend(**settings).describe()

    for capability in (Capability.OBJECTS, Capability.VOLUMES):
        assert description.can(capability) == (capability not in lacking)
        if capability in lacking:
            assert description.capabilities[capability].reason


def test_it_never_claims_to_leave_the_storage_system(stage):
    capabilities = stage.backend().describe().capabilities

    for capability in (Capability.OFF_CLUSTER, Capability.RESTORE_ELSEWHERE):
        assert "gone with it" in capabilities[capability].reason


def test_without_a_class_no_volume_can_be_held(stage):
    stage.api.delete(CLASSES, "emulated")

    assert not stage.backend().describe().can(Capability.VOLUMES)
    assert errors(stage) == ["no-snapshot-class"]


def test_two_default_classes_are_an_error_until_one_is_named(stage):
    stage.api.create(snapshot_class("second", default=True))

    assert errors(stage) == ["two-default-classes"]
    assert errors(stage, classes={"emulated.csi.slackwater.dev": "second"}) == []


def test_a_class_that_is_named_and_not_there_is_an_error(stage):
    assert errors(stage, classes={"emulated.csi.slackwater.dev": "typo"}) == ["class-missing"]


def test_a_driver_in_use_without_a_class_is_found_before_the_backup(stage, codes):
    claim(stage.api, "crm", "archive", "x", driver="other.example")

    (found,) = stage.backend().check()
    assert (found.code, found.severity) == ("driver-without-class", Severity.INFO)
    assert found.message.startswith("1 volume of ")


def test_a_controller_that_does_not_run_is_told_by_its_work(stage):
    stage.csi.faults.no_controller = True
    backend = stage.backend()
    acts = {act.id: act for act in backend.plan_backup(stage.request()).acts}
    stage.do(backend, acts["manifests"])
    stage.do(backend, acts["snapshots"])
    assert stage.api.list(SNAPSHOTS)

    assert errors(stage) == ["no-controller"]


@pytest.fixture
def turning(stage):
    """Controllers that turn by themselves, as real ones do."""
    over = threading.Event()

    def turn():
        while not over.wait(0.02):
            stage.csi.tick()

    thread = threading.Thread(target=turn)
    yield thread
    over.set()
    thread.join()


def test_a_snapshot_that_its_storage_has_lost_is_named_and_the_look_leaves_nothing(stage, turning):
    point, left = stage.back_up(), stage.left()
    turning.start()
    assert stage.backend().look_for_data()[point.id].whereabouts is Whereabouts.THERE

    lost = sorted(stage.csi.storage.snapshots)[0]
    stage.csi.storage.delete(lost)
    sight = stage.backend().look_for_data()[point.id]

    assert sight.whereabouts is Whereabouts.GONE
    assert len(sight.lost) == 1
    assert lost in sight.message
    assert stage.left() == {**left, "stored": left["stored"] - 1}


def test_a_driver_that_calls_everything_ready_is_not_believed(stage, turning):
    point, left = stage.back_up(), stage.left()
    stage.csi.faults.unchecked = True
    stage.csi.storage.delete(sorted(stage.csi.storage.snapshots)[0])
    turning.start()

    sight = stage.backend().look_for_data()[point.id]

    assert sight.whereabouts is Whereabouts.UNTOLD
    assert "calls any snapshot ready" in sight.message
    assert stage.left() == {**left, "stored": left["stored"] - 1}


def test_a_storage_that_does_not_answer_has_lost_nothing_and_vouches_for_nothing(
    stage, monkeypatch
):
    monkeypatch.setattr(looking, "_ANSWERED_WITHIN", 0.1)
    point, left = stage.back_up(), stage.left()
    stage.csi.faults.no_sidecar = True

    assert stage.backend().look_for_data()[point.id].whereabouts is Whereabouts.UNTOLD
    assert stage.left() == left


def of_others(stage):
    """The snapshots that no store names, as points."""
    return [each for each in stage.points() if "no-manifest" in [f.code for f in each.findings]]


def test_snapshots_that_others_made_are_asked_after_too(stage, turning):
    others_snapshot(stage, "theirs")
    others_snapshot(stage, "mine", claim="media")
    ours = stage.back_up()
    before = {p.made_by: p for p in of_others(stage)}
    assert {p.data.whereabouts for p in before.values()} == {Whereabouts.NEVER_ASKED}
    lost = before["VolumeSnapshot shop/theirs"]
    content = stage.api.get(CONTENTS, lost.name)
    stage.csi.storage.delete(content["status"]["snapshotHandle"])
    left = stage.left()
    turning.start()

    sights = stage.backend().look_for_data()

    assert sights.pop(lost.id).whereabouts is Whereabouts.GONE
    assert {each.whereabouts for each in sights.values()} == {Whereabouts.THERE}
    assert {*sights} == {ours.id, before["VolumeSnapshot shop/mine"].id}
    assert stage.left() == left
    listed = {p.id for p in stage.backend(store="").list_recovery_points(PointQuery())}
    assert listed == set(stage.backend(store="").look_for_data()), "without a store, too"


def others_snapshot(stage, name, claim="data"):
    snapshot(stage.api, "shop", name, claim)
    stage.csi.tick(4)


def test_a_snapshot_of_others_that_is_not_ready_is_not_asked_after(stage, turning):
    stage.csi.faults.stalled = True
    others_snapshot(stage, "theirs")
    (point,) = of_others(stage)
    assert point.data is None
    turning.start()
    assert stage.backend().look_for_data() == {}


def test_ours_are_asked_after_first_where_there_are_too_many(stage, turning, monkeypatch):
    monkeypatch.setattr(asked_points, "MOST", 3)
    older = stage.back_up()  # of two volumes
    for name in ("theirs-1", "theirs-2"):
        stage.later(minutes=1)
        others_snapshot(stage, name)
    turning.start()

    asked = stage.backend().look_for_data()

    newest = max(of_others(stage), key=lambda each: each.begin)
    assert {*asked} == {older.id, newest.id}


def test_where_nobody_can_ask_nothing_is_told_and_nothing_raised(stage):
    stage.back_up()
    stage.server.rights("few", *all_but(("create", CONTENTS)), user="few")
    assert stage.backend(token="few").look_for_data() == {}
    remove_snapshots(stage)
    assert stage.backend().look_for_data() == {}


def test_no_store_is_an_error(stage):
    assert errors(stage, store="") == ["no-store"]


def test_group_snapshots_are_described_by_their_version(stage):
    for definition in group_definitions(("v1beta2",)):
        stage.api.create(definition)

    assert "groupsnapshot.storage.k8s.io/v1beta2" in stage.backend().describe().version


def all_but(missing):
    return [
        Rule(
            verbs=tuple(v for v in need.verbs if (v, str(need)) != missing),
            resources=(need.kind.plural,),
            groups=(need.kind.group,),
        )
        for need in needs(objects=False, groups=True)
    ]


def single_rights():
    wanted = needs(objects=False, groups=False)
    return sorted({(right.verb, str(need), need.optional) for right, need in rights(wanted)})


@pytest.mark.parametrize(("verb", "kind", "optional"), single_rights())
def test_each_missing_verb_is_named(stage, verb, kind, optional):
    stage.server.rights("few", *all_but((verb, kind)), user="few")

    found = stage.backend(token="few", objects=False).check()

    (finding,) = [each for each in found if each.code == "right-missing"]
    assert finding.subject == kind
    assert f"not allowed to {verb} {kind}" in finding.message
    assert finding.blocks != optional
    assert f"auth can-i {verb} {kind}" in finding.way_out


def test_the_rights_of_the_table_are_enough_for_everything(stage):
    stage.server.rights("table", *all_but(None), user="table")
    backend = stage.backend(token="table", objects=False)
    seeded = stage.data("shop", "data")

    made = stage.drive(backend, backend.plan_backup(stage.request()))
    point = stage.point(made["keep"]["point"])
    plan = backend.plan_restore(stage.restore_request(point, onto="shop-drill"))
    restored = stage.drive(backend, plan, "r-2")
    stage.drive(backend, backend.plan_deletion(point.id), "r-3")

    assert not [
        each for each in (*made.values(), *restored.values()) if isinstance(each, Exception)
    ]
    assert stage.data("shop-drill", "data") == seeded
    assert stage.left() == {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def test_objects_need_a_right_to_everything(stage):
    stage.server.rights("few", *all_but(None), user="few")

    found = stage.backend(token="few").check()

    assert "any kind" in [each.subject for each in found if each.blocks]


def test_the_role_that_is_printed_is_the_table():
    printed = yaml.safe_load(role(objects=True))
    wanted = [
        {"apiGroups": [n.kind.group], "resources": [n.kind.plural], "verbs": list(n.verbs)}
        for n in needs(objects=True, groups=True)
    ]

    assert printed["rules"] == wanted
    assert yaml.safe_load(binding("ops/sw"))["subjects"][0] == {
        "kind": "ServiceAccount",
        "name": "sw",
        "namespace": "ops",
    }


def test_init_proposes_it_where_some_driver_has_a_class(stage, tmp_path):
    path = stage.server.kubeconfig(tmp_path / "k", context="home")
    cluster = Cluster("home", kubeconfig=path)
    assert discover(cluster) == {}

    stage.api.delete(CLASSES, "emulated")

    assert discover(cluster) is None


def test_init_proposes_nothing_where_there_are_no_snapshots(tmp_path):
    with serve(KubernetesApi("plain")) as server:
        path = server.kubeconfig(tmp_path / "k", context="plain")

        assert discover(Cluster("plain", kubeconfig=path)) is None
