"""Makes deletion plans: by the cluster that may write to the store, and never without a word."""

from __future__ import annotations

from collections.abc import Iterator

from slackwater.backend.connections import Connections
from slackwater.catalogue.gathering import Catalogue
from slackwater.model.deletion_plan import DeletionPlan
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.restore_plan import Pin
from slackwater.model.run import RunKind, RunRequest
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning.assembly import Assembly


def plan_deletion(
    point: RecoveryPoint, catalogue: Catalogue, connections: Connections
) -> DeletionPlan:
    """Plan to delete a recovery point and its data. Changes nothing."""
    findings = [*_losses(point, catalogue)]
    cluster = _writer(point, connections)
    assembly = Assembly()
    pins: tuple[Pin, ...] = ()
    if not cluster:
        findings.append(_nobody_may(point))
    else:
        access = connections.cluster(cluster)
        identity = access.identity()
        pins = (Pin(cluster=cluster, url=access.url, ca_hash=identity.ca_hash, uid=identity.uid),)
        planned = connections.backend(cluster, point.id.tool).plan_deletion(point.id)
        findings += planned.findings
        assembly.add_acts(cluster, point.id.tool, planned.acts)
    return DeletionPlan(
        made_at=connections.clock(),
        point=point,
        cluster=cluster,
        pins=pins,
        steps=assembly.finished(),
        findings=tuple(findings),
    )


def deletion_run(run_id: str, plan: DeletionPlan) -> RunRequest:
    """Return the run that executes a deletion plan: its steps and nothing else."""
    return RunRequest(
        id=run_id,
        kind=RunKind.DELETION,
        title=f"delete {plan.point.name}",
        steps=plan.steps,
        pins=plan.pins,
        labels={"plan": plan.digest, "point": str(plan.point.id)},
    )


def _writer(point: RecoveryPoint, connections: Connections) -> str:
    """Return the cluster to delete by: the origin first, for its tool knows the point best."""
    may = [place.cluster for place in point.places if place.writable]
    known = [cluster for cluster in may if point.id.tool in _tools(cluster, connections)]
    return min(known, key=lambda cluster: cluster != point.origin, default="")


def _tools(cluster: str, connections: Connections) -> tuple[str, ...]:
    return connections.tools(cluster) if cluster in connections.names else ()


def _losses(point: RecoveryPoint, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield a warning for each workload that has no other usable point."""
    others = [p for p in catalogue.points if p.id != point.id and p.usable]
    for workload, option in _held(point):
        if point.usable and not any(other.covers(workload) for other in others):
            yield Finding(
                severity=Severity.WARNING,
                code="last-point",
                subject=str(workload),
                message=f"{point.name} is its last usable recovery point",
                way_out=f"back it up first: slackwater backup {option}",
                cluster=point.origin,
                tool=point.id.tool,
            )


def _held(point: RecoveryPoint) -> Iterator[tuple[Workload, str]]:
    """Yield what the point claims, each with the option by which it is backed up by hand."""
    scope, origin = point.scope, point.origin
    for namespace in scope.namespaces:
        named = Workload(cluster=origin, namespace=namespace)
        yield named, f"--cluster {origin} --namespace {namespace}"
    kinds = {
        WorkloadKind.CONTROL_PLANE: scope.control_plane,
        WorkloadKind.CLUSTER_OBJECTS: scope.cluster_objects,
    }
    for kind in (kind for kind, held in kinds.items() if held):
        yield Workload(cluster=origin, kind=kind), f"--{kind} {origin}"


def _nobody_may(point: RecoveryPoint) -> Finding:
    shown = ", ".join(place.cluster for place in point.places) or "nobody"
    return Finding(
        severity=Severity.ERROR,
        code="nobody-may-delete",
        subject=point.name,
        message=f"no cluster that shows it may write to its store (shown by {shown})",
        way_out="delete it in the cluster that owns the store",
        tool=point.id.tool,
    )
