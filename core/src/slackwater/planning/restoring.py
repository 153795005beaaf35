"""Makes restore plans: everything a restore will do, before anything is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from slackwater.backend import Backend
from slackwater.backend.connections import Connections
from slackwater.catalogue.gathering import Catalogue, no_answer, side_by_side
from slackwater.errors import SlackwaterError, Unsupported
from slackwater.model.act import ActPlan
from slackwater.model.capability import Capability
from slackwater.model.finding import Finding
from slackwater.model.moment import Moment
from slackwater.model.request import Existing, RestoreMapping, RestoreRequest, Store
from slackwater.model.restore_plan import Choice, Pin, RestorePlan
from slackwater.model.run import RunKind, RunRequest
from slackwater.model.step import OwnAct, Step
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning import restore_findings as say
from slackwater.planning.assembly import Assembly
from slackwater.planning.choosing import Reader, Selection, Wanted, choose
from slackwater.planning.clocks import wrong_clock
from slackwater.planning.replacing import clear_the_way
from slackwater.planning.standing import Lookout, Stand
from slackwater.planning.workloads import without_namesakes

DEFAULT_TOLERANCE = timedelta(minutes=15)

Expected = Callable[[str, str, str], float | None]
"""Seconds that an act (tool, cluster, act id) usually takes, from the ledger."""


@dataclass(frozen=True)
class Wish:
    """What the user asks for.

    ``targets`` maps the origin cluster to where its workloads go; an origin not in it goes back
    where it came from, unless the key ``""`` names one cluster for all. ``mapping.namespaces`` has
    keys ``shop`` or ``prod-eu/shop``.
    """

    moment: Moment
    wanted: tuple[Wanted, ...]
    targets: Mapping[str, str] = field(default_factory=dict)
    mapping: RestoreMapping = field(default_factory=RestoreMapping)
    policy: str = ""
    tolerance: timedelta = DEFAULT_TOLERANCE
    existing: Existing = Existing.KEEP
    replace: bool = False
    accept_partial: bool = False
    left_out: tuple[Workload, ...] = ()

    def target(self, workload: Workload) -> Workload:
        """Return where a workload goes: cluster and namespace."""
        cluster = self.targets.get(workload.cluster) or self.targets.get("") or workload.cluster
        return workload.model_copy(
            update={"cluster": cluster, "namespace": self._namespace(workload)}
        )

    def _namespace(self, workload: Workload) -> str:
        names = self.mapping.namespaces
        full = f"{workload.cluster}/{workload.namespace}"
        return names.get(full) or names.get(workload.namespace) or workload.namespace

    def mapping_for(self, workload: Workload) -> RestoreMapping:
        """Return the mapping of one workload: its own namespace, classes and images."""
        there = self._namespace(workload)
        names = {workload.namespace: there} if there != workload.namespace else {}
        return self.mapping.model_copy(update={"namespaces": names})


@dataclass
class _Draft:
    """A plan in the making."""

    wish: Wish
    connections: Connections
    stores: tuple[Store, ...]
    findings: list[Finding] = field(default_factory=list)
    assembly: Assembly = field(default_factory=Assembly)
    pins: dict[str, Pin] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)
    stands: dict[str, Stand] = field(default_factory=dict)


def plan_restore(
    wish: Wish,
    catalogue: Catalogue,
    connections: Connections,
    read: Reader,
    *,
    stores: Sequence[Store] = (),
    expected: Expected = lambda *_: None,
    review: Callable[[RestorePlan], Iterable[Finding]] = lambda _: (),
) -> RestorePlan:
    """Make the plan for a wish. Changes nothing anywhere.

    ``stores`` are those remembered of clusters that do not answer now. A plan that must not run
    has findings of severity error; it is returned all the same, for it says why.
    """
    selections = choose(
        without_namesakes(wish.wanted, wish.target),
        catalogue.points,
        wish.moment.at,
        read,
        tolerance=wish.tolerance,
        accept_partial=wish.accept_partial,
    )
    draft = _Draft(wish, connections, (*catalogue.stores, *stores), list(catalogue.findings))
    draft.findings = [say.as_background(finding) for finding in draft.findings]
    draft.findings += [say.left_out(workload) for workload in wish.left_out]
    if wish.moment.assumed_zone:
        draft.findings.append(say.zone_assumed(wish.moment))
    draft.findings += say.about_selections(selections, wish.moment, wish.accept_partial)
    chosen = [selection for selection in selections.items if selection.point]
    _visit_targets(draft, chosen)
    _compare_clocks(draft, chosen)
    _refuse_collisions(draft, chosen)
    for selection in chosen:
        _plan_one(draft, selection)
    plan = RestorePlan(
        made_at=connections.clock(),
        moment=wish.moment.at,
        zone=wish.moment.zone,
        mark=selections.mark,
        spread=selections.spread.total_seconds() if selections.spread is not None else None,
        policy=wish.policy,
        mapping=wish.mapping,
        replace=wish.replace,
        pins=tuple(draft.pins.values()),
        standing=tuple(stand.recorded() for stand in draft.stands.values()),
        choices=tuple(_choice(wish, selection) for selection in chosen),
        steps=tuple(_timed(step, expected) for step in draft.assembly.finished()),
        findings=tuple(dict.fromkeys(draft.findings)),
    )
    return plan.model_copy(update={"findings": (*plan.findings, *review(plan))})


def _choice(wish: Wish, selection: Selection) -> Choice:
    point = selection.point
    if point is None or point.begin is None:
        raise ValueError("only selections with a point become choices")
    return Choice(
        workload=selection.wanted.workload,
        target=wish.target(selection.wanted.workload),
        point=point,
        loses=wish.moment.at - point.begin,
        gaps=selection.gaps,
    )


def _timed(step: Step, expected: Expected) -> Step:
    return step.model_copy(update={"expected": expected(step.tool, step.cluster, step.act.id)})


def _visit_targets(draft: _Draft, chosen: Sequence[Selection]) -> None:
    """Pin every target, and look at what stands where the restore will write."""
    targets = dict.fromkeys(draft.wish.target(s.wanted.workload) for s in chosen)
    clusters = list(dict.fromkeys(target.cluster for target in targets))
    for cluster, pin in zip(clusters, side_by_side(_pinning(draft), clusters), strict=True):
        if isinstance(pin, Finding):
            draft.findings.append(pin)
            continue
        draft.pins[cluster] = pin
        draft.checks[cluster] = draft.assembly.add_own(
            OwnAct.CHECK_TARGET, cluster, f"check {cluster}: the planned cluster, its tools, rights"
        )
    places = {c: [t.namespace for t in targets if t.cluster == c] for c in draft.pins}
    for found in side_by_side(lambda c: _standing_in(draft, c, places[c]), list(places)):
        if isinstance(found, Finding):
            draft.findings.append(found)
        else:
            draft.stands |= {stand.place: stand for stand in found}


def _standing_in(draft: _Draft, cluster: str, namespaces: Sequence[str]) -> list[Stand] | Finding:
    lookout = Lookout(draft.connections.cluster(cluster))
    try:
        return [lookout.look(namespace) for namespace in namespaces if namespace]
    except SlackwaterError as error:
        return no_answer(cluster, "", error)


def _compare_clocks(draft: _Draft, chosen: Sequence[Selection]) -> None:
    """Say which clocks are off, of the clusters that took the points and of the targets."""

    def off(name: str) -> Finding | None:
        try:
            return wrong_clock(draft.connections.cluster(name))
        except SlackwaterError:
            return None  # its silence has its own finding

    names = [*draft.pins, *(s.wanted.workload.cluster for s in chosen)]
    found = side_by_side(off, list(dict.fromkeys(names)))
    draft.findings += [finding for finding in found if finding is not None]


def _pinning(draft: _Draft) -> Callable[[str], Pin | Finding]:
    def pin(name: str) -> Pin | Finding:
        cluster = draft.connections.cluster(name)
        try:
            identity = cluster.identity()
        except SlackwaterError as error:
            return no_answer(name, "", error)
        return Pin(cluster=name, url=cluster.url, ca_hash=identity.ca_hash, uid=identity.uid)

    return pin


def _refuse_collisions(draft: _Draft, chosen: Sequence[Selection]) -> None:
    targets = Counter(
        draft.wish.target(s.wanted.workload)
        for s in chosen
        if s.wanted.workload.kind is WorkloadKind.NAMESPACE
    )
    draft.findings += [say.collision(target) for target, n in targets.items() if n > 1]


def _plan_one(draft: _Draft, selection: Selection) -> None:
    """Add the steps of one workload."""
    request = _request(draft, selection)
    if request is None or request.target not in draft.pins:
        return
    tool = request.point.id.tool
    try:
        backend = draft.connections.backend(request.target, tool)
        acts = _acts(backend, request)
    except SlackwaterError as error:
        draft.findings.append(no_answer(request.target, tool, error))
        return
    draft.findings += acts.findings
    stand = draft.stands.get(f"{request.target}/{request.namespace}")
    cleared = tuple(_clear(draft, stand, request.workload))
    draft.assembly.add_acts(
        request.target,
        tool,
        acts.acts,
        after=[draft.checks[request.target]],
        before_writing=cleared,
        workload=request.workload,
        conflicts=stand.summary() if stand else (),
    )


def _request(draft: _Draft, selection: Selection) -> RestoreRequest | None:
    workload, point = selection.wanted.workload, selection.point
    target = draft.wish.target(workload).cluster
    if point is None:
        return None
    if point.id.tool not in draft.connections.tools(target):
        draft.findings.append(say.tool_missing(workload, point, target))
        return None
    tool = point.id.tool
    return RestoreRequest(
        workload=workload,
        point=point,
        target=target,
        mapping=draft.wish.mapping_for(workload),
        existing=draft.wish.existing,
        stores=tuple(store for store in draft.stores if store.tool == tool),
    )


def _acts(backend: Backend, request: RestoreRequest) -> ActPlan:
    description = backend.describe()
    lacking = [need for need in _needed(request) if not description.can(need)]
    if lacking:
        support = description.capabilities.get(lacking[0])
        reason = description.reason or (support.reason if support else "")
        raise Unsupported(
            f"{description.tool} in {request.target} cannot: {lacking[0]} {reason}".rstrip()
        )
    return backend.plan_restore(request)


def _needed(request: RestoreRequest) -> Iterator[Capability]:
    if request.target != request.workload.cluster:
        yield Capability.RESTORE_ELSEWHERE
    mapping = request.mapping
    if mapping.namespaces:
        yield Capability.MAP_NAMESPACES
    if mapping.storage_classes:
        yield Capability.MAP_STORAGE_CLASSES
    if mapping.images:
        yield Capability.MAP_IMAGES
    if request.existing is Existing.UPDATE:
        yield Capability.UPDATE_EXISTING


def _clear(draft: _Draft, stand: Stand | None, workload: Workload) -> Iterator[str]:
    """Deal with what stands in the target already: refuse, change, or clear the way."""
    if stand is None or not stand.exists:
        return
    if stand.put_back_by:
        draft.findings.append(say.put_back(stand))
    if stand.unseen:
        may_change = draft.wish.existing is Existing.UPDATE
        draft.findings.append(say.unseen(stand, may_change=may_change))
    if not stand.objects:
        return
    if draft.wish.existing is Existing.UPDATE:
        draft.findings.append(say.will_change(stand))
    elif not draft.wish.replace:
        draft.findings.append(say.conflict(stand))
    else:
        steps, findings = clear_the_way(
            stand, workload, draft.connections, draft.assembly, draft.checks
        )
        draft.findings += findings
        yield from steps


def restore_run(run_id: str, plan: RestorePlan) -> RunRequest:
    """Return the run that executes a plan: its steps and nothing else."""
    targets = sorted({choice.target.cluster for choice in plan.choices})
    labels = {"plan": plan.digest, "moment": plan.moment.isoformat(), "policy": plan.policy}
    return RunRequest(
        id=run_id,
        kind=RunKind.RESTORE,
        title=f"restore to {plan.moment:%Y-%m-%d %H:%M:%SZ} on {', '.join(targets)}",
        steps=plan.steps,
        pins=plan.pins,
        labels={key: value for key, value in labels.items() if value},
    )
