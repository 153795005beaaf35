"""Each right of the table, missing alone: what needed it says so, and nothing is falsely done."""

from __future__ import annotations

import pytest

from slackwater.errors import PermissionDenied
from slackwater.model.request import Existing, PointQuery
from slackwater.testing.kubernetes_api import Rule
from slackwater.testing.kubernetes_api.workloads import contents
from slackwater_kasten.rights import IN_CLUSTER, IN_NAMESPACE

LOOKING = Rule(("list",), ("configmaps", "deployments"), ("", "apps"))
"""What verifying lists is what was restored: not the plugin's to say."""
RIGHTS = [
    (verb, str(need))
    for needs in (IN_NAMESPACE, IN_CLUSTER)
    for need in needs
    for verb in need.verbs
]


def grant(clusters, missing, cluster="east"):
    """A backend whose login lacks one right."""
    rules = [
        Rule(
            verbs=tuple(v for v in need.verbs if (v, str(need)) != missing),
            resources=(need.resource,),
            groups=(need.kind.group,),
            namespace=where,
        )
        for needs, where in ((IN_NAMESPACE, "kasten-io"), (IN_CLUSTER, None))
        for need in needs
    ]
    clusters.servers[cluster].rights("less", *rules, LOOKING, user="less")
    return clusters.backend(cluster, token="less", store="vault")


class Way:
    """A backup with its export, restores here, one elsewhere, a deletion; as far as one gets."""

    def __init__(self, clusters, missing):
        self.clusters = clusters
        self.here = grant(clusters, missing)
        self.there = grant(clusters, missing, "west")
        self.errors = []

    def go(self):
        try:
            self._go()
        except Exception as error:
            self.errors.append(error)

    def _go(self):
        clusters, here = self.clusters, self.here
        self._drive(here, here.plan_backup(clusters.request()), "r-1")
        (listed,) = here.list_recovery_points(PointQuery())
        point = here.get_recovery_point(listed.id)
        here.list_schedules()
        stores = tuple(here.list_stores())
        for onto, existing in (("drill", Existing.KEEP), ("shop", Existing.UPDATE)):
            request = clusters.restore(point, onto=onto, existing=existing)
            self._drive(here, here.plan_restore(request), f"r-{onto}")
        elsewhere = clusters.restore(point, "west", stores=stores)
        self._drive(self.there, self.there.plan_restore(elsewhere), "r-west")
        self._drive(here, here.plan_deletion(point.id), "r-delete")

    def _drive(self, backend, plan, run):
        results = self.clusters.drive(backend, plan, run)
        failed = [each for each in results.values() if isinstance(each, Exception)]
        if failed:
            self.errors += failed
            raise failed[0]
        for each in results.values():
            findings = each.get("findings", ()) if isinstance(each, dict) else ()
            assert [f for f in findings if f["severity"] == "error"] == []


@pytest.mark.parametrize(("verb", "what"), RIGHTS)
def test_what_lacks_a_right_names_it_or_does_without(clusters, verb, what):
    seeded = contents(clusters.api, "shop")
    way = Way(clusters, (verb, what))

    way.go()

    if way.errors:
        assert isinstance(way.errors[0], PermissionDenied), way.errors
        assert f"not allowed to {verb} {what}" in str(way.errors[0])
    else:
        assert contents(clusters.api, "drill") == contents(clusters.api, "shop") == seeded
        assert contents(clusters.apis["west"], "shop") == seeded
        assert clusters.k10.catalog.all("restorepointcontents") == []
        assert clusters.kasten.vault.contents() == []
