"""Exports of K10's own policies: one that was not made is seen, whatever K10 calls the run."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from slackwater.model.finding import Severity
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Requirement, shortfalls
from slackwater.model.request import PointQuery
from slackwater.testing.kubernetes_api import Rule
from slackwater_kasten import labels
from slackwater_kasten.emulator.faults import Guesses
from slackwater_kasten.rights import rights

PLURALS = ("runactions", "backupactions", "exportactions")


def points(clusters, **settings):
    return list(clusters.backend(**settings).list_recovery_points(PointQuery()))


def told(clusters, code="not-exported"):
    return [each for each in clusters.backend().check() if each.code == code]


def said(point, code="not-exported"):
    return [each.message for each in point.findings if each.code == code]


@pytest.fixture
def guesses():
    """A K10 that calls a run Complete though a part of it failed: nobody knows what it does."""
    return Guesses(run_fails_with_part=False)


@pytest.fixture
def complete(clusters):
    return clusters


def test_a_policy_that_exports_is_a_calm_thing(clusters):
    clusters.run_policy()
    (point,) = points(clusters)
    assert said(point) == []
    assert clusters.backend().check() == []
    metadata = [
        each
        for each in clusters.k10.catalog.all("exportactions", "kasten-io")
        if each["metadata"]["labels"].get(labels.METADATA_EXPORT) == "true"
    ]
    assert len(metadata) == 1, "K10 exports its own metadata beside, and that is no copy of ours"


def test_a_run_that_is_complete_without_its_export_is_seen(complete):
    complete.k10.faults.fail_exports = "the bucket is gone"
    complete.run_policy()
    (run,) = complete.k10.catalog.all("runactions")
    assert run["status"]["state"] == "Complete"

    (point,) = points(complete)
    (finding,) = told(complete)

    (why,) = said(point)
    assert why.startswith("its policy nightly exports to offsite, and there is no copy of it there")
    assert why.endswith("its export is Failed: the bucket is gone")
    assert finding.severity is Severity.ERROR
    assert finding.subject == "nightly/shop"
    assert "the bucket is gone" in finding.message
    assert "the last 1 of its backups" in finding.message


def test_the_point_itself_is_good_and_never_taken_for_one_off_cluster(complete):
    complete.k10.faults.fail_exports = "the bucket is gone"
    complete.run_policy()
    (point,) = points(complete)
    read = complete.backend().get_recovery_point(point.id)
    workload = complete.request().workload
    own = read.model_copy(update={"origin": "east"})
    assert read.phase is Phase.SUCCEEDED
    assert shortfalls(own, workload, (Requirement.VOLUMES,)) == ()
    assert shortfalls(own, workload, (Requirement.OFF_CLUSTER,))
    assert said(read), "what is read says it too"


def test_an_export_that_never_began_is_seen(complete):
    complete.k10.faults.never_export = True
    complete.run_policy()
    (point,) = points(complete)
    (finding,) = told(complete)
    assert "no ExportAction of it is there" in said(point)[0]
    assert "no ExportAction of it is there" in finding.message


@pytest.mark.parametrize("stage", ["the export runs", "the run has not come to it"])
def test_an_export_that_is_still_to_come_is_no_finding(complete, stage):
    complete.run_policy()
    (run,) = complete.k10.catalog.all("runactions")
    (export,) = complete.k10.catalog.all("exportactions", "shop")
    for content in complete.k10.catalog.all("restorepointcontents"):
        if content["metadata"]["labels"].get(labels.EXPORT_PROFILE):
            complete.k10.catalog.remove("restorepointcontents", content["metadata"]["name"])
    if stage == "the export runs":
        complete.k10.catalog.change("exportactions", export, state="AttemptFailed")
    else:
        complete.k10.catalog.remove("exportactions", export["metadata"]["name"], "shop")
        complete.k10.catalog.change("runactions", run, state="Running")

    (point,) = points(complete)

    assert said(point) == []
    assert said(point, "export-under-way")
    assert told(complete) == []


def test_actions_that_k10_has_let_go_hide_nothing(complete):
    """Its garbage collector removes old actions: the copies themselves are what counts."""
    complete.k10.faults.fail_exports = "the bucket is gone"
    complete.run_policy()
    for plural in PLURALS:
        for each in complete.k10.catalog.all(plural):
            metadata = each["metadata"]
            complete.k10.catalog.remove(plural, metadata["name"], metadata.get("namespace", ""))
    (point,) = points(complete)
    assert "no ExportAction of it is there" in said(point)[0]
    assert len(told(complete)) == 1


def test_a_copy_that_is_there_needs_no_action_to_tell_of_it(complete):
    complete.run_policy()
    for plural in PLURALS:
        for each in complete.k10.catalog.all(plural):
            metadata = each["metadata"]
            complete.k10.catalog.remove(plural, metadata["name"], metadata.get("namespace", ""))
    (point,) = points(complete)
    assert said(point) == []
    assert told(complete) == []


def again(clusters, name):
    """Let the policy run once more, an hour later."""
    for content in clusters.k10.catalog.all("restorepointcontents"):
        taken = datetime.fromisoformat(content["status"]["actionTime"]) - timedelta(hours=1)
        clusters.k10.catalog.change(
            "restorepointcontents", content, actionTime=taken.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    subject = {"kind": "Policy", "name": "nightly", "namespace": "kasten-io"}
    made = {"metadata": {"name": name, "namespace": "kasten-io"},
            "spec": {"subject": subject}, "status": {"state": "Pending"}}  # fmt: skip
    clusters.k10.catalog.add("runactions", made)
    clusters.kasten.tick(12)


def test_the_newest_backups_count_and_an_older_copy_is_named(complete):
    complete.run_policy()
    complete.k10.faults.fail_exports = "the bucket is gone"
    again(complete, "run-2")
    again(complete, "run-3")
    (finding,) = told(complete)
    assert "the last 2 of its backups have no copy there (the newest there is of " in (
        finding.message
    )
    complete.k10.faults.fail_exports = ""
    again(complete, "run-4")
    assert told(complete) == [], "it exports again; the two without a copy say so themselves"
    assert len([point for point in points(complete) if said(point)]) == 2


def test_what_is_exported_less_often_is_late_only_when_it_is_due(complete):
    complete.run_policy(export={"frequency": "@weekly"})
    again(complete, "run-2")
    newest, oldest = sorted(points(complete), key=lambda each: each.begin, reverse=True)
    assert [len(each.places) for each in (newest, oldest)] == [1, 2]
    assert said(newest) == []
    assert told(complete) == []

    (old,) = [
        each
        for each in complete.k10.catalog.all("restorepointcontents")
        if each["metadata"]["labels"].get(labels.EXPORT_PROFILE)
    ]
    complete.k10.catalog.remove("restorepointcontents", old["metadata"]["name"])

    (finding,) = told(complete)
    assert "(none is)" in finding.message


def test_each_of_two_destinations_is_looked_for(complete):
    other = {"name": "second", "namespace": "kasten-io"}
    complete.put("Profile", "second", complete.api.get(
        "profiles.config.kio.kasten.io", "offsite", "kasten-io")["spec"])  # fmt: skip
    complete.kasten.tick()
    complete.run_policy(also={"profile": other})
    (point,) = points(complete)
    assert sorted(place.store_name for place in point.places) == ["", "offsite", "second"]
    gone = [
        each
        for each in complete.k10.catalog.all("restorepointcontents")
        if each["metadata"]["labels"].get(labels.EXPORT_PROFILE) == "second"
    ]
    complete.k10.catalog.remove("restorepointcontents", gone[0]["metadata"]["name"])
    (point,) = points(complete)
    assert ["second" in message for message in said(point)] == [True]
    assert "to second" in told(complete)[0].message


def test_a_policy_that_exports_references_only_is_told(clusters):
    clusters.run_policy(export={"exportData": {"enabled": False}})
    (finding,) = told(clusters, "exports-no-data")
    assert "nightly" in finding.message


def test_where_exports_may_not_be_read_the_missing_copy_is_told_all_the_same(complete):
    complete.k10.faults.fail_exports = "the bucket is gone"
    complete.run_policy()
    allowed = [
        Rule((right.verb,), (_plural(right),), (right.group,), namespace=right.namespace or None)
        for right, _ in rights("kasten-io")
        if right.resource != "exportactions" or right.verb != "list"
    ]
    complete.server.rights("few", *allowed, user="few")
    (point,) = points(complete, token="few")
    assert "may not be read here" in said(point)[0]


def _plural(right):
    return "/".join(filter(None, (right.resource, right.subresource)))
