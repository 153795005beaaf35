"""Objects as K10 shows them in, recovery points out."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Stamp
from slackwater.model.workload import Workload
from slackwater_kasten import labels
from slackwater_kasten.contents import read_contents
from slackwater_kasten.copies import grouped
from slackwater_kasten.objects import Action, Content, Metadata, Policy
from slackwater_kasten.stamps import read_stamp, stamp_labels
from slackwater_kasten.translation import Translator


@pytest.fixture
def points(contents):
    return {point.name: point for point in grouped(contents)}


@pytest.fixture
def translator(voice):
    return Translator(voice, "k10://cluster-id")


def content(name, *, namespace="shop", **told):
    named = {labels.APP_NAMESPACE: namespace, labels.APP_NAME: namespace, **told}
    return Content(metadata=Metadata(name=name, labels=named))


def test_what_one_run_made_of_one_application_is_one_point(points):
    assert set(points) == {"pacman@policy-run-6wbzw", "wiki-backup-by-hand",
                           "vms/rhel9@policy-run-6wbzw"}  # fmt: skip
    point = points["pacman@policy-run-6wbzw"]
    assert point.local.metadata.name == "pacman-scheduled-4k2x9"
    assert [each.metadata.name for each in point.exported] == ["pacman-scheduled-78mrt7qwjh"]


def test_a_point_keeps_its_name_when_only_its_export_is_left(contents):
    (left,) = grouped(each for each in contents if each.export_profile)
    assert left.name == "pacman@policy-run-6wbzw"


def test_our_exports_are_tied_to_our_backups_by_their_names():
    backup = content("shop-sw-east-shop-1300-4c1e90ab")
    export = content(
        "shop-sw-east-shop-1300-4c1e90ab-00ff00ff", **{labels.EXPORT_PROFILE: "offsite"}
    )

    (point,) = grouped([export, backup])

    assert point.name == "shop@sw-east-shop-1300-4c1e90ab"
    assert point.local is backup


@pytest.mark.parametrize("name", ["sw-east-shop", "other-sw-east-shop-4c1e90ab", "nightly-1"])
def test_names_that_are_not_ours_stand_alone(name):
    (point,) = grouped([content(f"shop-{name}")])
    assert point.name == f"shop-{name}"


def test_a_point_tells_its_times_its_copies_and_who_made_it(points, translator):
    point = translator.point(points["pacman@policy-run-6wbzw"])

    assert point.id.store == "k10://cluster-id"
    assert point.begin == datetime(2026, 8, 3, 0, 0, 12, 482000, tzinfo=UTC)
    assert point.end == datetime(2026, 8, 3, 0, 0, 58, tzinfo=UTC)
    assert [place.store_name for place in point.places] == ["", "offsite"]
    assert point.made_by == "K10 policy nightly"
    assert point.phase is Phase.SUCCEEDED
    assert point.contents is None
    assert point.expires is None


def test_an_unbound_content_is_a_point_like_any_other(points, translator):
    point = translator.point(points["wiki-backup-by-hand"])

    assert point.usable
    assert point.tool_phase == "Unbound"
    assert point.made_by == "somebody"
    assert point.expires == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_a_virtual_machine_is_not_its_namespace(points, translator):
    point = translator.point(points["vms/rhel9@policy-run-6wbzw"])

    assert not point.scope.covers(Workload(cluster="east", namespace="vms"))
    assert "virtualMachine rhel9" in point.scope.limits


def test_a_policy_that_filters_limits_what_its_points_cover(points, voice):
    policy = msgspec.convert(
        {
            "metadata": {"name": "nightly"},
            "spec": {
                "actions": [
                    {
                        "action": "backup",
                        "backupParameters": {"filters": {"excludeResources": [{"name": "x"}]}},
                    }
                ]
            },
        },
        Policy,
    )
    translator = Translator(voice, "k10://id", policies={"nightly": policy})

    assert "filters" in translator.point(points["pacman@policy-run-6wbzw"]).scope.limits


def test_a_state_that_nobody_knows_is_no_success(contents, translator):
    contents[0].status.state = contents[1].status.state = "Fermenting"
    (point,) = (p for p in grouped(contents) if p.namespace == "pacman")

    translated = translator.point(point)

    assert translated.phase is Phase.UNKNOWN
    assert [finding.code for finding in translated.findings] == ["unknown-state"]


def test_the_copies_tell_together_what_a_point_holds(recorded):
    copies = [recorded("local-details.json"), recorded("exported-details.json")]

    held = read_contents(copies, "pacman")

    assert held.objects == {"pacman": 4}
    scores, scratch = held.volumes
    assert (scores.claim, scores.held, scores.off_cluster, scores.size) == (
        "scores", True, True, 2048,
    )  # fmt: skip
    assert (scratch.claim, scratch.held) == ("scratch", False)
    assert "no data" in scratch.reason


def test_a_snapshot_that_was_not_exported_stays_in_the_cluster(recorded):
    held = read_contents([recorded("local-details.json")], "pacman")

    assert [(v.claim, v.held, v.off_cluster) for v in held.volumes] == [
        ("scores", True, False),
        ("scratch", False, False),
    ]


def test_details_without_artefacts_tell_nothing(contents):
    assert read_contents(contents[:1], "pacman") is None


@pytest.mark.parametrize("mark", ["before-migration", "vor dem Umzug: Ähre", "x" * 200, "b32.x"])
def test_a_stamp_fits_into_labels_and_comes_back(mark):
    stamp = Stamp(cluster="prod-eu", cluster_uid="u", run="r-7", policy="gold", mark=mark,
                  mark_parts=3)  # fmt: skip

    told = stamp_labels(stamp)

    assert all(len(value) <= 63 for value in told.values())
    back = read_stamp(told)
    assert back.model_copy(update={"mark": ""}) == stamp.model_copy(update={"mark": ""})
    assert back.mark == mark or back.mark.startswith("sha.")


def test_the_stamp_of_our_action_is_that_of_the_point(voice):
    found = content("shop-sw-east-shop-1300-4c1e90ab")
    stamp = Stamp(cluster="east", cluster_uid="u", run="r-1", policy="gold")
    action = Action(metadata=Metadata(name="sw-east-shop-1300-4c1e90ab",
                                      labels=stamp_labels(stamp)))  # fmt: skip
    (point,) = grouped([found])

    translated = Translator(voice, "k10://id", ours={point.name: action}).point(point)

    assert (translated.stamp, translated.origin, translated.made_by) == (stamp, "east",
                                                                         "policy gold")  # fmt: skip
