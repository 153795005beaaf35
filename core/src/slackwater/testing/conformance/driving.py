"""Drives acts in the kit's tests as ``runs/`` would, without its durability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import NoReturn

import pytest

from slackwater.backend import Backend, SharedStores
from slackwater.backend.wrappers import as_role
from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, ActPlan, Key
from slackwater.model.capability import Capability, Level
from slackwater.model.operation import Operation, OperationRef, Phase
from slackwater.model.recovery_point import RecoveryPoint, Stamp
from slackwater.model.request import (
    BackupRequest,
    Existing,
    PointQuery,
    RestoreMapping,
    RestoreRequest,
    Store,
)
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.testing.conformance.subject import Subject, Trouble
from slackwater.testing.conformance.worker import Progresses
from slackwater.testing.pytest_plugin import NOT_OFFERED, NOT_SHOWN

EVERYTHING = PointQuery()
_POWERS = {
    WorkloadKind.NAMESPACE: Capability.OBJECTS,
    WorkloadKind.CONTROL_PLANE: Capability.CONTROL_PLANE,
    WorkloadKind.CLUSTER_OBJECTS: Capability.CLUSTER_OBJECTS,
    WorkloadKind.VOLUME: Capability.VOLUMES,
}


def not_offered(subject: Subject, why: str) -> NoReturn:
    """Skip a promise that the tool does not make, by what it declares or plans."""
    pytest.skip(f"{NOT_OFFERED}{subject.tool}: {why}")


def not_shown(subject: Subject, why: str) -> NoReturn:
    """Skip a promise that this subject has no means to put to the test."""
    pytest.skip(f"{NOT_SHOWN}{subject.tool}: {why}")


def cause(subject: Subject, trouble: Trouble, ref: OperationRef | None = None) -> None:
    """Bring about a trouble; skip the promise where this subject cannot."""
    if trouble not in subject.troubles:
        not_shown(subject, trouble)
    subject.cause(trouble, ref)


def struck(subject: Subject) -> None:
    """Assert that the trouble has happened: what went well without it shows nothing."""
    assert subject.struck(), "the trouble was caused, and befell no request"


def need(subject: Subject, backend: Backend, capability: Capability) -> None:
    """Skip the promise where the capability is not declared."""
    if not backend.describe().can(capability):
        not_offered(subject, capability)


def key(step: str, *, generation: int = 1, run: str = "r-kit") -> Key:
    """Return a key."""
    return Key(run=run, step=step, generation=generation)


def listed(backend: Backend, query: PointQuery = EVERYTHING) -> list[RecoveryPoint]:
    """Return what the backend lists."""
    return list(backend.list_recovery_points(query))


def backup_request(subject: Subject, workload: Workload | None = None) -> BackupRequest:
    """Return the request for a backup, stamped as ours."""
    return BackupRequest(
        workload=workload or subject.workload,
        require=(),
        due=subject.now(),
        stamp=Stamp(cluster=subject.home, cluster_uid=subject.home_uid, run="r-kit", policy="gold"),
    )


def restore_request(
    subject: Subject,
    point: RecoveryPoint,
    target: str,
    mapping: RestoreMapping | None = None,
    existing: Existing = Existing.KEEP,
) -> RestoreRequest:
    """Return the request for a restore, with every store that the subject's clusters know."""
    return RestoreRequest(
        workload=subject.workload,
        point=point,
        target=target,
        mapping=mapping or RestoreMapping(),
        existing=existing,
        stores=tuple(all_stores(subject)),
    )


def all_stores(subject: Subject) -> Iterator[Store]:
    """Yield the stores that each cluster of the subject knows."""
    for cluster in filter(None, (subject.home, subject.neighbour, subject.stranger)):
        with closing(subject.backend(cluster)) as backend:
            sharing = as_role(backend, SharedStores)
            yield from sharing.list_stores() if sharing else ()


def power(subject: Subject) -> Capability:
    """Return the capability that a backup of the subject's workload takes."""
    return _POWERS[subject.workload.kind]


def planned_backup(subject: Subject, backend: Backend, request: BackupRequest) -> ActPlan:
    """Return the plan of a backup; skip the promise where the tool declares that it makes none.

    What is refused without having been declared fails.
    """
    answer = answered(lambda: backend.plan_backup(request))
    if says_no(answer):
        support = backend.describe().capabilities.get(power(subject))
        if support is not None and support.level is Level.UNSUPPORTED:
            not_offered(subject, f"backups ({power(subject)})")
    if isinstance(answer, Unsupported):
        raise answer
    return runnable(answer)


def answered(ask: Callable[[], ActPlan]) -> ActPlan | Unsupported:
    """Return a plan, or the error that says that there is none."""
    try:
        return ask()
    except Unsupported as error:
        return error


def refused(plan: ActPlan) -> bool:
    """Whether a finding of severity error says that the plan must not run."""
    return any(finding.blocks for finding in plan.findings)


def runnable(plan: ActPlan) -> ActPlan:
    """Return the plan if it may run; fail with its findings where not."""
    assert not refused(plan), plan.findings
    assert plan.acts, "a plan that may run has acts"
    return plan


def wait(subject: Subject, backend: Backend, ref: OperationRef) -> Operation:
    """Let time pass until the operation has ended."""
    for _ in range(subject.patience):
        operation = backend.get_operations([ref]).get(ref)
        assert operation is not None, f"{ref} was started and is not there"
        if operation.phase.terminal:
            return operation
        subject.pass_time()
    raise AssertionError(f"{ref} did not end: {operation}")


def drive(
    subject: Subject, backend: Backend, acts: Sequence[Act], run: str = "r-kit"
) -> dict[str, object]:
    """Do the acts in order; return a result for each: an operation, or what was performed.

    After a failure only the clean-up acts are done, and the failure is raised at the end.
    """
    results: dict[str, object] = {}
    failure: BaseException | None = None
    for act in acts:
        if failure is not None and not act.always:
            continue
        try:
            results[act.id] = do(subject, backend, act, run)
        except Exception as error:  # noqa: BLE001  clean-up comes first, whatever it was
            failure = failure or error
    if failure is not None:
        raise failure
    return results


def do(subject: Subject, backend: Backend, act: Act, run: str = "r-kit") -> object:
    """Do one act to its end; fail if an operation does not end well."""
    match act.kind:
        case ActKind.PERSON:
            subject.confirm(act)
            return None
        case ActKind.PERFORMED:
            return backend.perform(act, key(act.id, run=run), Progresses())
        case ActKind.OPERATED:
            operation = wait(subject, backend, backend.start(act, key(act.id, run=run)))
            assert operation.phase.usable, operation
            return operation


def back_up(
    subject: Subject, backend: Backend, workload: Workload | None = None, run: str = "r-kit"
) -> RecoveryPoint:
    """Back the workload up; return the recovery point as the list shows it."""
    plan = planned_backup(subject, backend, backup_request(subject, workload))
    results = drive(subject, backend, plan.acts, run)
    names = list(_point_names(results))
    assert names, f"no act of the backup names the recovery point that it made: {results}"
    found = [point for point in listed(backend) if point.name == names[-1]]
    assert len(found) == 1, f"{names[-1]} is listed {len(found)} times"
    return found[0]


def _point_names(results: Mapping[str, object]) -> Iterator[str]:
    for result in results.values():
        if isinstance(result, Operation) and result.point:
            yield result.point
        elif isinstance(result, Mapping) and result.get("point"):
            yield str(result["point"])


def operated_act(
    subject: Subject, backend: Backend, workload: Workload | None = None, run: str = "r-kit"
) -> Act:
    """Return the first operated act of a backup, what comes before it being done."""
    plan = planned_backup(subject, backend, backup_request(subject, workload))
    for act in plan.acts:
        if act.kind is ActKind.OPERATED:
            return act
        do(subject, backend, act, run)
    not_offered(subject, "acts operated by the tool in a backup")


def performed_act(subject: Subject) -> tuple[str, Act]:
    """Return a performed act that needs no other, and the cluster of its backend.

    The backup's, the deletion's, or that of a restore into a cluster that lacks the store.
    """
    for cluster, plan in _plans(subject):
        for act in plan.acts:
            if act.kind is ActKind.PERFORMED and not act.needs and not act.always:
                return cluster, act
    not_offered(subject, "acts performed by our worker")


def plans(subject: Subject) -> list[ActPlan]:
    """Return a plan of every sort that the subject allows, each with acts."""
    return [plan for _, plan in _plans(subject)]


def _plans(subject: Subject) -> Iterator[tuple[str, ActPlan]]:
    with closing(subject.backend()) as backend:
        yield subject.home, planned_backup(subject, backend, backup_request(subject))
        point = back_up(subject, backend)
        request = restore_request(subject, point, subject.home)
        yield subject.home, runnable(backend.plan_restore(request))
        if backend.describe().can(Capability.DELETE):
            yield subject.home, runnable(backend.plan_deletion(point.id))
    if subject.stranger:
        plan = restore_elsewhere(subject, point, subject.stranger)
        if not refused(plan):
            yield subject.stranger, plan


def restore_elsewhere(subject: Subject, point: RecoveryPoint, target: str) -> ActPlan:
    """Return the plan of a restore into another cluster."""
    with closing(subject.backend(target)) as backend:
        return backend.plan_restore(restore_request(subject, point, target))


def clean_up(subject: Subject) -> tuple[str, ActPlan]:
    """Return a plan with clean-up acts, and the cluster of its backend."""
    for cluster, plan in _plans(subject):
        if any(act.always for act in plan.acts):
            return cluster, plan
    not_offered(subject, "clean-up acts")


def says_no(plan: ActPlan | Unsupported) -> bool:
    """Whether a plan is refused, by a finding or by an error."""
    return isinstance(plan, Unsupported) or refused(plan)


def ended(operation: Operation, phase: Phase) -> None:
    """Assert the phase, with the operation in the message."""
    assert operation.phase is phase, operation
