"""Velero's collector is watched: it deletes by age alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.workload import Scope
from slackwater_velero.posture import review_points

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def point(name, days, *namespaces, phase=Phase.SUCCEEDED, origin="east", limits=""):
    return RecoveryPoint(
        id=PointId(tool="velero", store="s3://h/b", name=name),
        phase=phase,
        scope=Scope(namespaces=namespaces or ("shop",), limits=limits),
        begin=NOW - timedelta(days=20),
        end=NOW - timedelta(days=20),
        origin=origin,
        expires=None if days is None else NOW + timedelta(days=days),
    )


def subjects(voice, *points):
    return [finding.subject for finding in review_points(points, NOW, voice)]


def test_a_last_point_about_to_expire_is_told(voice):
    (finding,) = review_points([point("a", 1)], NOW, voice)

    assert finding.subject == "east/shop"
    assert "a is the last" in finding.message
    assert "24 h" in finding.message


def test_a_point_that_lasts_longer_keeps_the_peace(voice):
    assert subjects(voice, point("a", 1), point("b", 30)) == []


def test_one_that_never_expires_keeps_the_peace(voice):
    assert subjects(voice, point("a", 1), point("b", None)) == []


def test_a_failed_or_limited_point_is_no_comfort(voice):
    others = (point("b", 30, phase=Phase.FAILED), point("c", 30, limits="only secrets"))

    assert subjects(voice, point("a", 1), *others) == ["east/shop"]


def test_a_point_of_everything_stands_for_each_namespace(voice):
    assert subjects(voice, point("a", 1), point("b", 30, "*")) == []


def test_a_point_of_everything_that_never_expires_keeps_the_peace(voice):
    assert subjects(voice, point("a", 1), point("b", None, "*")) == []


def test_a_point_of_another_cluster_is_no_comfort(voice):
    assert subjects(voice, point("a", 1), point("b", 30, origin="west")) == ["east/shop"]


def test_each_namespace_is_told_by_itself(voice):
    assert subjects(voice, point("a", 1, "crm", "shop"), point("b", 30, "crm")) == ["east/shop"]


def test_what_has_expired_already_is_told(voice):
    (finding,) = review_points([point("a", -1)], NOW, voice)

    assert "in 0 h" in finding.message
