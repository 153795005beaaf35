"""Promises about plans: they change nothing, say everything, and clean up after themselves."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from slackwater.backend import Backend, SharedStores
from slackwater.backend.wrappers import as_role
from slackwater.errors import RecoveryPointNotFound
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.capability import Capability, Level
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import Existing, RestoreMapping
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.testing.conformance.driving import (
    answered,
    back_up,
    backup_request,
    clean_up,
    do,
    drive,
    listed,
    need,
    not_offered,
    plans,
    restore_elsewhere,
    restore_request,
    runnable,
    says_no,
)
from slackwater.testing.conformance.subject import Subject

Ask = Callable[[], ActPlan]


class PlanningPromises:
    """Plans say in acts what will be done; core shows, journals and drives them."""

    def test_planning_changes_nothing(self, subject: Subject) -> None:
        """Planning a backup, a restore or a deletion leaves everything as it was."""
        backend = subject.backend()
        point = back_up(subject, backend)
        before = subject.fingerprint()

        for _, ask in _questions(subject, backend, point):
            answered(ask)

        assert subject.fingerprint() == before

    def test_act_ids_are_unique(self, subject: Subject) -> None:
        """Within one plan no id names two acts."""
        for plan in plans(subject):
            ids = [act.id for act in plan.acts]
            assert len(set(ids)) == len(ids)

    def test_acts_need_only_acts_before_them(self, subject: Subject) -> None:
        """What an act needs is in the plan, and comes before it."""
        for plan in plans(subject):
            before: set[str] = set()
            for act in plan.acts:
                assert set(act.needs) <= before
                before.add(act.id)

    def test_acts_say_what_they_do(self, subject: Subject) -> None:
        """Each act has a title and says what it changes, or what a person is to do."""
        for plan in plans(subject):
            for act in plan.acts:
                assert act.title
                said = (act.instructions,) if act.kind is ActKind.PERSON else act.effects
                assert said
                assert all(said)

    def test_restores_say_where_they_write(self, subject: Subject) -> None:
        """The restore of a namespace names the target namespace among what it writes."""
        backend = subject.backend()
        if subject.workload.kind is not WorkloadKind.NAMESPACE:
            not_offered(subject, "restores of a namespace")
        point = back_up(subject, backend)
        plan = runnable(backend.plan_restore(restore_request(subject, point, subject.home)))

        written = {namespace for act in plan.acts for namespace in act.writes}

        assert written == {subject.workload.namespace}

    def test_payloads_are_plain_json(self, subject: Subject) -> None:
        """An act comes out of a journal as it went in."""
        for plan in plans(subject):
            for act in plan.acts:
                assert json.loads(json.dumps(act.payload)) == act.payload
                assert Act.model_validate_json(act.model_dump_json()) == act

    def test_limits_are_declared(self, subject: Subject) -> None:
        """A limit that an act counts against is one that the tool describes."""
        limits = subject.backend().describe().limits
        assert all(most > 0 for most in limits.values())
        for plan in plans(subject):
            assert {act.limit for act in plan.acts if act.limit} <= set(limits)

    def test_what_is_unsupported_is_refused(self, subject: Subject) -> None:
        """What ``describe`` denies is refused by a finding or an ``Unsupported``, not planned."""
        backend = subject.backend()
        point = back_up(subject, backend)
        levels = backend.describe().capabilities
        for capability, ask in _questions(subject, backend, point):
            support = levels.get(capability) if capability else None
            if support and support.level is Level.UNSUPPORTED:
                assert says_no(answered(ask)), f"{capability} is not supported, and was planned"

    def test_what_is_supported_is_planned(self, subject: Subject) -> None:
        """What ``describe`` claims can be planned without an error."""
        backend = subject.backend()
        point = back_up(subject, backend)
        description = backend.describe()
        for capability, ask in _questions(subject, backend, point):
            if capability is None or description.can(capability):
                assert not says_no(plan := answered(ask)), f"{capability}: {plan}"

    def test_deletion_deletes(self, subject: Subject) -> None:
        """A deletion that was driven to its end leaves no such point."""
        backend = subject.backend()
        need(subject, backend, Capability.DELETE)
        point = back_up(subject, backend)
        others = subject.make_points(1)

        drive(subject, backend, runnable(backend.plan_deletion(point.id)).acts, "r-delete")

        names = {other.name for other in listed(backend)}
        assert point.name not in names
        assert set(others) <= names
        with pytest.raises(RecoveryPointNotFound):
            backend.get_recovery_point(point.id)

    def test_deleting_a_missing_point_is_not_found(self, subject: Subject) -> None:
        """What is not there cannot be planned to be deleted."""
        backend = subject.backend()
        need(subject, backend, Capability.DELETE)
        subject.make_points(1)
        missing = listed(backend)[0].id.model_copy(update={"name": "never-made"})

        with pytest.raises(RecoveryPointNotFound):
            backend.plan_deletion(missing)

    def test_clean_up_takes_back_what_was_added(self, subject: Subject) -> None:
        """After all acts the cluster knows the stores that it knew before."""
        cluster, plan = clean_up(subject)
        backend = subject.backend(cluster)
        before = _stores(subject, backend)

        drive(subject, backend, plan.acts)

        assert _stores(subject, backend) == before

    def test_clean_up_may_run_where_nothing_began(self, subject: Subject) -> None:
        """Clean-up acts go well though none of the others was ever begun, and change nothing."""
        cluster, plan = clean_up(subject)
        backend = subject.backend(cluster)
        before = _stores(subject, backend)

        for act in plan.acts:
            if act.always:
                do(subject, backend, act, "r-never-begun")

        assert _stores(subject, backend) == before

    def test_clean_up_leaves_what_another_run_needs(self, subject: Subject) -> None:
        """Two runs of equal acts overlap: the first one's clean-up does not harm the second."""
        cluster, plan = clean_up(subject)
        backend = subject.backend(cluster)
        before = _stores(subject, backend)
        first = [act for act in plan.acts if not act.needs]
        last = [act for act in plan.acts if act.always]

        drive(subject, backend, first, "r-one")
        during = _stores(subject, backend)
        drive(subject, backend, first, "r-two")
        drive(subject, backend, last, "r-one")

        assert _stores(subject, backend) == during
        drive(subject, backend, last, "r-two")
        assert _stores(subject, backend) == before

    def test_restore_brings_the_workload_back(self, subject: Subject) -> None:
        """A workload that was backed up and lost stands again after the restore."""
        backend = subject.backend()
        point = back_up(subject, backend)
        subject.wreck(subject.workload)
        assert not subject.holds(subject.workload, subject.workload)
        plan = runnable(backend.plan_restore(restore_request(subject, point, subject.home)))

        drive(subject, backend, plan.acts, "r-restore")

        assert subject.holds(subject.workload, subject.workload)

    def test_restore_into_another_cluster(self, subject: Subject) -> None:
        """A workload comes back in a cluster that shows its store, under another name."""
        need(subject, subject.backend(), Capability.RESTORE_ELSEWHERE)
        _restore_there(subject, subject.neighbour)

    def test_restore_where_the_store_is_not_shown(self, subject: Subject) -> None:
        """There is a way into a cluster that lacks the store, or a finding that tells it."""
        need(subject, subject.backend(), Capability.RESTORE_ELSEWHERE)
        if not subject.stranger:
            not_offered(subject, "a cluster that does not show the store")
        point = back_up(subject, subject.backend())
        plan = restore_elsewhere(subject, point, subject.stranger)
        if says_no(plan):
            assert all(finding.way_out for finding in plan.findings if finding.blocks)
        else:
            _restore_there(subject, subject.stranger, point)


def _restore_there(subject: Subject, target: str, point: RecoveryPoint | None = None) -> None:
    point = point or back_up(subject, subject.backend())
    there = subject.workload.namespace and f"{subject.workload.namespace}-drill"
    mapping = RestoreMapping(namespaces={subject.workload.namespace: there} if there else {})
    backend = subject.backend(target)
    plan = runnable(backend.plan_restore(restore_request(subject, point, target, mapping)))

    drive(subject, backend, plan.acts, "r-there")

    restored = subject.workload.model_copy(update={"cluster": target, "namespace": there})
    assert subject.holds(restored, subject.workload)


def _stores(subject: Subject, backend: Backend) -> list[tuple[str, str]]:
    sharing = as_role(backend, SharedStores)
    if sharing is None:
        not_offered(subject, "stores that can be shown to a cluster")
    return sorted((store.name, store.identity) for store in sharing.list_stores())


def _questions(
    subject: Subject, backend: Backend, point: RecoveryPoint
) -> Iterator[tuple[Capability | None, Ask]]:
    """Yield what a backend can be asked to plan, and which capability each takes."""
    yield None, lambda: backend.plan_backup(backup_request(subject))
    yield Capability.DELETE, lambda: backend.plan_deletion(point.id)
    for capability, kind in (
        (Capability.CONTROL_PLANE, WorkloadKind.CONTROL_PLANE),
        (Capability.CLUSTER_OBJECTS, WorkloadKind.CLUSTER_OBJECTS),
    ):
        yield capability, _backup_of(subject, backend, kind)
    yield None, lambda: backend.plan_restore(restore_request(subject, point, subject.home))
    yield from _mapped(subject, backend, point)
    if subject.neighbour:
        elsewhere = subject.neighbour
        yield Capability.RESTORE_ELSEWHERE, lambda: restore_elsewhere(subject, point, elsewhere)


def _backup_of(subject: Subject, backend: Backend, kind: WorkloadKind) -> Ask:
    workload = Workload(cluster=subject.home, kind=kind)
    return lambda: backend.plan_backup(backup_request(subject, workload))


def _mapped(
    subject: Subject, backend: Backend, point: RecoveryPoint
) -> Iterator[tuple[Capability, Ask]]:
    def ask(mapping: RestoreMapping, existing: Existing = Existing.KEEP) -> Ask:
        request = restore_request(subject, point, subject.home, mapping, existing)
        return lambda: backend.plan_restore(request)

    space = subject.workload.namespace or "default"
    yield Capability.MAP_NAMESPACES, ask(RestoreMapping(namespaces={space: f"{space}-drill"}))
    yield Capability.MAP_STORAGE_CLASSES, ask(RestoreMapping(storage_classes={"fast": "slow"}))
    yield Capability.MAP_IMAGES, ask(RestoreMapping(images={"a.example/x": "b.example/x"}))
    for claim in subject.claims[:1]:
        yield Capability.MAP_CLAIMS, ask(RestoreMapping(claims={claim: f"{claim}-drill"}))
    yield Capability.UPDATE_EXISTING, ask(RestoreMapping(), Existing.UPDATE)
