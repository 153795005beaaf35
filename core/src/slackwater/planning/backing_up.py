"""Makes backup runs: who protects what is fixed here, before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from slackwater.backend import ControlPlane
from slackwater.backend.connections import Connections
from slackwater.backend.wrappers import as_role
from slackwater.catalogue.gathering import no_answer, side_by_side
from slackwater.clusters import Inventory, Volume, take_inventory
from slackwater.errors import SlackwaterError
from slackwater.fleet import FleetFile
from slackwater.model.capability import Capability, Description
from slackwater.model.finding import Finding, Severity
from slackwater.model.policy import Policy
from slackwater.model.recovery_point import Stamp
from slackwater.model.request import BackupRequest
from slackwater.model.retention import horizon
from slackwater.model.run import RunKind, RunRequest
from slackwater.model.schedule import longest_gap
from slackwater.model.step import OwnAct
from slackwater.model.wording import counted
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning.assembly import Assembly, making_step
from slackwater.planning.dispatch import Assignment, asked_of_tools, assign
from slackwater.planning.workloads import (
    Filter,
    Protected,
    beside_namespaces,
    policies_of,
    to_back_up,
)

GRACE = timedelta(days=30)
"""How much longer than its keep rule a tool may keep a point: expiry must not outrun retention."""


@dataclass(frozen=True)
class BackupWish:
    """What the user, or a schedule, asks for.

    ``filters`` has one for each policy that is executed, or one without. What two policies protect
    is backed up for both: each keeps its own recovery points, by its own rules.
    """

    run: str
    due: datetime
    filters: tuple[Filter, ...]
    mark: str = ""

    @property
    def policies(self) -> tuple[str, ...]:
        """The names of the policies that are executed, if any."""
        return tuple(policy.name for policy in policies_of(self.filters))


@dataclass(frozen=True)
class _Part:
    """One workload with its tool, and what means it."""

    filter: Filter
    assignment: Assignment


def named_once(filters: Sequence[Filter]) -> tuple[Filter, ...]:
    """Return the filters so that what is asked for by name is backed up for the first only."""
    first, *others = filters
    return (first, *(replace(each, control_planes=(), cluster_objects=()) for each in others))


@dataclass
class _Draft:
    wish: BackupWish
    connections: Connections
    assembly: Assembly = field(default_factory=Assembly)
    findings: list[Finding] = field(default_factory=list)
    read_backs: list[str] = field(default_factory=list)
    workloads: int = 0


@dataclass(frozen=True)
class _Cluster:
    """What is known of one cluster before the run: what is in it, its identity, its tools.

    Of a silent one, ``silence`` says why, and ``tools`` are those that answer without it.
    """

    name: str
    inventory: Inventory | None = None
    uid: str = ""
    tools: Mapping[str, Description] = field(default_factory=dict)
    silence: Finding | None = None


def plan_backup_run(
    wish: BackupWish, connections: Connections
) -> tuple[RunRequest, tuple[Finding, ...]]:
    """Make the run that backs everything up that the wish means. Changes nothing yet.

    Parts that cannot be backed up stay in the run as steps that fail, so that the run, and its
    mark, are known to be incomplete.
    """
    draft = _Draft(wish, connections)
    names = [name for name in connections.names if _is_meant(wish, name, connections)]
    visited = side_by_side(lambda name: _visit(connections, name), names)
    found = [(cluster, list(_parts(wish, cluster, connections))) for cluster in visited]
    draft.workloads = sum(len(parts) for _, parts in found)
    for cluster, parts in found:
        if cluster.silence is not None:
            draft.findings.append(cluster.silence)
            if _more_is_meant(wish, cluster.name, parts, connections):
                _will_fail(draft, cluster)
        for part in parts:
            _add(draft, cluster, part)
    if wish.mark:
        _add_mark(draft)
    request = RunRequest(
        id=wish.run,
        kind=RunKind.BACKUP,
        title=_title(wish, draft.workloads),
        steps=draft.assembly.finished(),
        labels=_labels(wish),
    )
    return request, tuple(dict.fromkeys(draft.findings))


def _is_meant(wish: BackupWish, name: str, connections: Connections) -> bool:
    fleet = connections.fleet
    return any(f.has_cluster(name, fleet) or any(f.named_in(name)) for f in wish.filters)


def _visit(connections: Connections, name: str) -> _Cluster:
    try:
        cluster = connections.cluster(name)
        return _Cluster(
            name,
            inventory=take_inventory(cluster),
            uid=cluster.identity().uid,
            tools={t: connections.backend(name, t).describe() for t in connections.tools(name)},
        )
    except SlackwaterError as error:
        silence = no_answer(name, "", error)
        return _Cluster(name, tools=_without_api(connections, name), silence=silence)


def _without_api(connections: Connections, name: str) -> dict[str, Description]:
    """Return the tools that reach the control plane of a silent cluster by themselves."""
    found: dict[str, Description] = {}
    for tool in connections.tools(name):
        with suppress(SlackwaterError):
            backend = connections.backend(name, tool)
            keeper = as_role(backend, ControlPlane)
            if keeper is not None and keeper.control_plane_id():
                found[tool] = backend.describe()
    return found


def _parts(wish: BackupWish, cluster: _Cluster, connections: Connections) -> Iterator[_Part]:
    homes = {home for tool in cluster.tools.values() for home in tool.homes}
    volumes = cluster.inventory.volumes if cluster.inventory else ()
    for filter_ in wish.filters:
        for each in _protected(filter_, cluster, connections.fleet):
            if not _left_out(filter_, each, homes):
                yield _Part(filter_, _assign(filter_.policy, each, cluster.tools, volumes))


def _protected(filter_: Filter, cluster: _Cluster, fleet: FleetFile) -> Iterator[Protected]:
    beside = beside_namespaces(filter_, fleet, cluster.name)
    if cluster.inventory is None:
        yield from (each for each in beside if _can_without_api(each, cluster))
        return
    if filter_.has_cluster(cluster.name, fleet):
        yield from to_back_up(filter_, cluster.inventory)
    yield from beside


def _can_without_api(protected: Protected, cluster: _Cluster) -> bool:
    whole = protected.workload.kind is WorkloadKind.CONTROL_PLANE
    return whole and any(t.can(Capability.CONTROL_PLANE) for t in cluster.tools.values())


def _more_is_meant(
    wish: BackupWish, name: str, parts: Sequence[_Part], connections: Connections
) -> bool:
    """Whether more of a silent cluster is meant than what can be backed up all the same."""
    fleet = connections.fleet
    possible = {part.assignment.workload for part in parts}
    for filter_ in wish.filters:
        if filter_.has_cluster(name, fleet) and _protects_namespaces(filter_.policy):
            return True
        if not {each.workload for each in beside_namespaces(filter_, fleet, name)} <= possible:
            return True
    return False


def _protects_namespaces(policy: Policy | None) -> bool:
    return policy is None or any(item.namespaces is not None for item in policy.protect)


def _left_out(filter_: Filter, protected: Protected, homes: set[str]) -> bool:
    """By hand and unnamed, a backup takes neither the system's namespaces nor the tools' own."""
    namespace = protected.workload.namespace
    if filter_.policy or filter_.namespaces or not namespace:
        return False
    return namespace.startswith("kube-") or namespace in homes


def _assign(
    policy: Policy | None,
    protected: Protected,
    tools: Mapping[str, Description],
    volumes: Sequence[Volume],
) -> Assignment:
    namespace = protected.workload.namespace
    there = any(volume.namespace == namespace for volume in volumes)
    assigned = assign(
        protected.workload,
        asked_of_tools(protected.require, volumes=there),
        tools,
        prefer=policy.prefer if policy else (),
        fallback=policy.fallback if policy else False,
        optional=protected.optional,
    )
    return replace(assigned, require=protected.require)


def _add(draft: _Draft, cluster: _Cluster, part: _Part) -> None:
    """Add the steps of one workload: the tool's acts, then the reading back of what they made."""
    assignment = part.assignment
    draft.findings += assignment.findings
    if not assignment.tool:
        if any(finding.blocks for finding in assignment.findings):
            draft.read_backs.append(_impossible(draft, assignment))
        return
    request = _request(draft, cluster, part)
    try:
        planned = draft.connections.backend(cluster.name, assignment.tool).plan_backup(request)
    except SlackwaterError as error:
        draft.findings.append(no_answer(cluster.name, assignment.tool, error))
        draft.read_backs.append(_impossible(draft, assignment))
        return
    draft.findings += planned.findings
    steps = draft.assembly.add_acts(
        cluster.name, assignment.tool, planned.acts, workload=assignment.workload
    )
    making = making_step(planned.acts, steps)
    draft.read_backs.append(_read_back(draft, assignment, making))


def _request(draft: _Draft, cluster: _Cluster, part: _Part) -> BackupRequest:
    wish, policy, assignment = draft.wish, part.filter.policy, part.assignment
    return BackupRequest(
        workload=assignment.workload,
        require=assignment.require,
        due=wish.due,
        keep_for=keep_for(policy, wish.due),
        stamp=Stamp(
            cluster=cluster.name,
            cluster_uid=cluster.uid,
            run=wish.run,
            policy=policy.name if policy else "",
            mark=wish.mark,
            mark_parts=draft.workloads if wish.mark else 0,
        ),
    )


def keep_for(policy: Policy | None, due: datetime) -> timedelta | None:
    """Return how long a tool is told to keep a point: the longest keep horizon and 30 days.

    None without a keep rule: the tool's own default holds.
    """
    if policy is None or policy.keep is None:
        return None
    gap = longest_gap(policy.schedule, due) if policy.schedule else None
    return horizon(policy.keep, gap or timedelta(0)) + GRACE


def _read_back(draft: _Draft, assignment: Assignment, making: str) -> str:
    workload = assignment.workload
    return draft.assembly.add_own(
        OwnAct.READ_BACK,
        workload.cluster,
        f"read back what was made of {workload}",
        tool=assignment.tool,
        of=making,
        needs=[making],
        payload={"require": [item.value for item in assignment.require]},
        workload=workload,
    )


def _impossible(draft: _Draft, assignment: Assignment) -> str:
    reasons = [finding.message for finding in assignment.findings if finding.blocks]
    workload = assignment.workload
    reason = "; ".join(reasons) or "its tool could not plan it"
    return _refuse(draft, workload.cluster, f"back up {workload}", reason, workload)


def _will_fail(draft: _Draft, cluster: _Cluster) -> None:
    reason = cluster.silence.message if cluster.silence else "no answer"
    draft.read_backs.append(
        _refuse(draft, cluster.name, f"back up what {cluster.name} holds", reason, None)
    )


def _refuse(draft: _Draft, cluster: str, title: str, reason: str, workload: Workload | None) -> str:
    return draft.assembly.add_own(
        OwnAct.REFUSE, cluster, title, payload={"reason": reason}, workload=workload
    )


def _add_mark(draft: _Draft) -> None:
    draft.assembly.add_own(
        OwnAct.STAMP_MARK,
        "",
        f'mark "{draft.wish.mark}": measure its spread, stamp it on its points',
        needs=draft.read_backs,
        always=True,
        payload={"mark": draft.wish.mark, "parts": draft.workloads},
    )


def _title(wish: BackupWish, workloads: int) -> str:
    what = ", ".join(wish.policies) or "by hand"
    mark = f', mark "{wish.mark}"' if wish.mark else ""
    return f"backup {what}: {counted(workloads, 'workload')}{mark}"


def _labels(wish: BackupWish) -> dict[str, str]:
    labels = {
        "due": wish.due.isoformat(),
        "mark": wish.mark,
        "policy": ", ".join(wish.policies),
    }
    return {key: value for key, value in labels.items() if value}


def nothing_to_do(request: RunRequest, wish: BackupWish) -> Finding | None:
    """Return a finding where the wish means no workload at all: an empty run is no success.

    A silent cluster is a part that fails, whatever may be in it.
    """
    if any(step.own is not OwnAct.STAMP_MARK for step in request.steps):
        return None
    return Finding(
        severity=Severity.ERROR,
        code="nothing-selected",
        subject=", ".join(wish.policies) or "backup",
        message="no namespace in the clusters asked is meant by it",
        way_out="look at the labels: kubectl get namespaces --show-labels, and at the policy",
    )
