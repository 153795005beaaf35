"""Each right of the table, missing alone: what needed it says so, and nothing is falsely done."""

from __future__ import annotations

import pytest

from slackwater.errors import PermissionDenied
from slackwater.model.request import Existing
from slackwater.testing.kubernetes_api import Rule
from slackwater_csi.rights import needs, rights

NOTHING = {"snapshots": 0, "contents": 0, "stored": 0, "files": 0}


def grant(stage, missing):
    rules = [
        Rule(
            verbs=tuple(v for v in need.verbs if (v, str(need)) != missing),
            resources=(need.kind.plural,),
            groups=(need.kind.group,),
        )
        for need in needs(objects=False, groups=True)
    ]
    stage.server.rights("less", *rules, user="less")
    return stage.backend(token="less", objects=False)


def single_rights():
    wanted = needs(objects=False, groups=False)
    return sorted({(right.verb, str(need)) for right, need in rights(wanted)})


class Way:
    """A backup, a restore beside it, one in its place, a deletion; as far as one gets."""

    def __init__(self, stage, backend):
        self.stage, self.backend = stage, backend
        self.errors, self.told = [], []

    def go(self):
        try:
            self._go()
        except Exception as error:  # a plan that may not look
            self.errors.append(error)

    def _go(self):
        stage, backend = self.stage, self.backend
        made = self._drive(backend.plan_backup(stage.request()), "r-1")
        point = stage.point(made["keep"]["point"])
        beside = stage.restore_request(point, onto="shop-drill")
        self._drive(backend.plan_restore(beside), "r-2")
        stage.write("shop", "data", "burnt")
        in_place = stage.restore_request(point, existing=Existing.UPDATE)
        self._drive(backend.plan_restore(in_place), "r-3")
        self._drive(backend.plan_deletion(point.id), "r-4")

    def _drive(self, plan, run):
        self.told += [finding.message for finding in plan.findings if finding.blocks]
        if self.told:
            raise PermissionDenied("; ".join(self.told))
        results = self.stage.drive(self.backend, plan, run)
        failed = [each for each in results.values() if isinstance(each, Exception)]
        if failed:
            self.errors += failed
            raise failed[0]
        return results


@pytest.mark.parametrize(("verb", "kind"), single_rights())
def test_what_lacks_a_right_names_it_or_does_without(stage, verb, kind):
    seeded = stage.data("shop", "data")
    way = Way(stage, grant(stage, (verb, kind)))

    way.go()

    if way.errors:
        assert isinstance(way.errors[0], PermissionDenied), way.errors
        assert f"not allowed to {verb} {kind}" in str(way.errors[0])
    else:
        assert stage.data("shop-drill", "data") == stage.data("shop", "data") == seeded
        assert stage.left() == NOTHING


@pytest.mark.parametrize(("verb", "kind"), single_rights())
def test_with_the_right_back_clean_up_leaves_nothing(stage, verb, kind):
    backend = stage.backend(objects=False)
    plan = backend.plan_backup(stage.request())
    stage.drive(grant(stage, (verb, kind)), plan)
    for act in plan.acts:
        if act.always:
            stage.do(backend, act)

    assert stage.left() in (NOTHING, {"snapshots": 2, "contents": 2, "stored": 2, "files": 2})
