"""Promises about manners: descriptions, checks, errors, secrets, roles."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import pytest

from slackwater.backend import (
    Backend,
    NativeSchedules,
    Posture,
    SharedStores,
    Stamping,
    Verification,
)
from slackwater.backend.wrappers import as_role
from slackwater.errors import (
    BackendError,
    BackendUnavailable,
    PermissionDenied,
    Throttled,
    TransientBackendError,
)
from slackwater.model.act import ActKind
from slackwater.model.capability import Capability
from slackwater.model.recovery_point import Requirement
from slackwater.testing.conformance.driving import (
    answered,
    back_up,
    backup_request,
    cause,
    drive,
    key,
    listed,
    not_offered,
    planned_backup,
    plans,
    power,
    says_no,
)
from slackwater.testing.conformance.subject import Subject, Trouble


class ConductPromises:
    """A backend is honest about itself, plain about failure, and silent about secrets."""

    def test_describe_names_the_tool(self, subject: Subject) -> None:
        """A tool that is there describes itself, with its version."""
        description = subject.backend().describe()

        assert description.tool == subject.tool
        assert description.available, description.reason
        assert description.version

    def test_describe_agrees_with_the_workload(self, subject: Subject) -> None:
        """What is declared of backups is what is planned; elsewhere is where a neighbour is."""
        backend = subject.backend()
        description = backend.describe()

        plan = answered(lambda: backend.plan_backup(backup_request(subject)))

        assert says_no(plan) == (not description.can(power(subject))), plan
        assert description.can(Capability.RESTORE_ELSEWHERE) == bool(subject.neighbour)

    def test_a_silent_tool_claims_nothing(self, subject: Subject) -> None:
        """When nothing answers, ``describe`` says so or raises; it claims no power."""
        backend = subject.backend()
        cause(subject, Trouble.UNAVAILABLE)
        try:
            description = backend.describe()
        except TransientBackendError:
            return
        assert not any(description.can(capability) for capability in Capability)
        assert description.reason

    def test_a_healthy_tool_has_no_error(self, subject: Subject) -> None:
        """Where all is well, ``check`` finds no error, and changes nothing."""
        before = subject.fingerprint()

        findings = subject.backend().check()

        assert not [finding for finding in findings if finding.blocks]
        assert subject.fingerprint() == before

    def test_check_returns_when_nothing_answers(self, subject: Subject) -> None:
        """A dead tool is a finding with a way out, not an exception."""
        _broken_check(subject, Trouble.UNAVAILABLE)

    def test_check_returns_when_rights_are_missing(self, subject: Subject) -> None:
        """Missing rights are a finding with a way out, not an exception."""
        _broken_check(subject, Trouble.DENIED)

    def test_throttling_tells_how_long(self, subject: Subject) -> None:
        """Too many requests is ``Throttled``, at once, with the seconds to wait."""
        backend = subject.backend()
        cause(subject, Trouble.THROTTLED)

        with pytest.raises(Throttled) as raised:
            listed(backend)

        assert raised.value.retry_after == subject.retry_after

    def test_missing_rights_are_named(self, subject: Subject) -> None:
        """A refusal is ``PermissionDenied`` and names the right that is missing."""
        backend = subject.backend()
        cause(subject, Trouble.DENIED)

        with pytest.raises(PermissionDenied) as raised:
            listed(backend)

        assert subject.right in str(raised.value)

    def test_silence_is_transient(self, subject: Subject) -> None:
        """A tool that does not answer is ``BackendUnavailable``, with the cause chained."""
        backend = subject.backend()
        cause(subject, Trouble.UNAVAILABLE)

        with pytest.raises(BackendUnavailable) as raised:
            listed(backend)

        assert raised.value.__cause__ is not None

    def test_errors_name_tool_and_cluster(self, subject: Subject) -> None:
        """An error says which backend it comes from."""
        backend = subject.backend()
        cause(subject, Trouble.UNAVAILABLE)

        with pytest.raises(BackendError) as raised:
            listed(backend)

        assert (raised.value.backend, raised.value.cluster) == (subject.tool, subject.home)

    def test_our_stamp_is_on_what_we_make(self, subject: Subject) -> None:
        """A point that we asked for carries our stamp, and so its origin is known."""
        backend = subject.backend()

        point = back_up(subject, backend)

        assert point.stamp == backup_request(subject).stamp
        assert point.origin == subject.home
        assert point.begin is not None
        assert point.end is not None
        assert point.begin <= point.end

    def test_a_stamp_can_be_written_later(self, subject: Subject) -> None:
        """Stamping adds to the stamp, keeps the rest, and may be repeated."""
        backend = subject.backend()
        stamping = as_role(backend, Stamping)
        if stamping is None:
            not_offered(subject, "stamping afterwards")
        point = back_up(subject, backend)

        for _ in range(2):
            stamping.stamp(point.id, {"spread": "1.5"})

        assert point.stamp is not None
        (stamped,) = [other for other in listed(backend) if other.id == point.id]
        assert stamped.stamp == point.stamp.model_copy(update={"spread": 1.5})

    def test_stores_hold_the_points(self, subject: Subject) -> None:
        """Each point lies in a store that the backend lists."""
        backend = subject.backend()
        sharing = as_role(backend, SharedStores)
        if sharing is None:
            not_offered(subject, "stores that several clusters see")
        subject.make_points(2)
        stores = {(store.tool, store.identity) for store in sharing.list_stores()}

        assert {(point.id.tool, point.id.store) for point in listed(backend)} <= stores

    def test_a_store_that_is_missing_elsewhere_is_explained(self, subject: Subject) -> None:
        """How to show a store to another cluster is told exactly."""
        sharing = as_role(subject.backend(), SharedStores)
        if sharing is None or not subject.stranger:
            not_offered(subject, "stores that can be shown to a cluster")
        store = sharing.list_stores()[0]
        there = as_role(subject.backend(subject.stranger), SharedStores)
        assert there is not None

        finding = there.explain_missing_store(store)

        assert finding.way_out
        assert finding.cluster == subject.stranger

    def test_roles_that_look_change_nothing(self, subject: Subject) -> None:
        """Reading stores, schedules and posture, and asking for data, leaves all as it was."""
        backend = subject.backend()
        subject.make_points(2)
        points = listed(backend)
        before = subject.fingerprint()
        if sharing := as_role(backend, SharedStores):
            sharing.list_stores()
        if schedules := as_role(backend, NativeSchedules):
            schedules.list_schedules()
        if posture := as_role(backend, Posture):
            posture.review_points(points, subject.now())
        if verification := as_role(backend, Verification):
            verification.look_for_data()

        assert subject.fingerprint() == before

    def test_off_cluster_is_what_describe_says(self, subject: Subject) -> None:
        """Volumes that lie outside are promised where the tool claims it, and only there."""
        backend = subject.backend()
        if not subject.claims:
            not_offered(subject, "volumes in the workload")
        request = backup_request(subject)
        wish = request.model_copy(update={"require": (Requirement.OFF_CLUSTER,)})
        drive(subject, backend, planned_backup(subject, backend, wish).acts)
        (point,) = listed(backend)

        contents = backend.get_recovery_point(point.id).contents

        assert contents is not None
        promised = backend.describe().can(Capability.OFF_CLUSTER)
        assert all(volume.off_cluster == promised for volume in contents.volumes)

    def test_secrets_show_up_nowhere(self, subject: Subject) -> None:
        """No secret is in anything that is shown, journalled or raised."""
        if not subject.canaries:
            not_offered(subject, "the use of a secret")
        shown = "\n".join(_shown(subject))

        assert [canary for canary in subject.canaries if canary in shown] == []

    def test_closing_twice_is_fine(self, subject: Subject) -> None:
        """``close`` may be called again, and before anything was asked."""
        backend = subject.backend()
        backend.close()
        backend.close()
        used = subject.backend()
        used.check()
        used.close()
        used.close()


def _broken_check(subject: Subject, trouble: Trouble) -> None:
    backend = subject.backend()
    cause(subject, trouble)

    errors = [finding for finding in backend.check() if finding.blocks]

    assert errors
    assert all(finding.way_out for finding in errors)
    assert {finding.cluster for finding in errors} == {subject.home}


def _shown(subject: Subject) -> Iterator[str]:
    backend = subject.backend()
    yield repr(backend)
    yield repr(getattr(backend, "__dict__", {}))
    yield repr(backend.describe())
    yield repr(backend.check())
    planned = plans(subject) if backend.describe().can(power(subject)) else []
    for plan in planned:
        yield repr(plan)
    for act in planned[0].acts if planned else ():
        if act.kind is ActKind.OPERATED:
            ref = backend.start(act, key("shown"))
            yield repr(ref)
            yield repr(backend.get_operations([ref]))
            yield repr(backend.explain_operation(ref))
    yield repr(listed(backend))
    for trouble in (Trouble.DENIED, Trouble.UNAVAILABLE):
        if trouble in subject.troubles:
            yield from _failures(subject, backend, trouble)


def _failures(subject: Subject, backend: Backend, trouble: Trouble) -> Iterator[str]:
    subject.cause(trouble)
    yield repr(backend.check())
    try:
        listed(backend)
    except BackendError as error:
        yield "".join(traceback.format_exception(error))
        yield repr(vars(error))
    subject.heal()
