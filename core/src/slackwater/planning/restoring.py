"""Makes restore plans: everything a restore will do, before anything is touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from slackwater.backend import Backend
from slackwater.backend.connections import Connections
from slackwater.catalogue.gathering import Catalogue, no_answer
from slackwater.errors import SlackwaterError, Unsupported
from slackwater.model.act import ActPlan
from slackwater.model.capability import Capability
from slackwater.model.finding import Finding
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import Existing, RestoreRequest, Store
from slackwater.model.restore_plan import Choice, RestorePlan
from slackwater.model.run import RunKind, RunRequest
from slackwater.model.step import Step
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning import restore_findings as say
from slackwater.planning.choosing import Reader, Selection, Selections, Wanted, choose
from slackwater.planning.draft import Draft
from slackwater.planning.following import may_follow, settle, with_volumes
from slackwater.planning.replacing import clear_the_way
from slackwater.planning.standing import Stand
from slackwater.planning.targets import compare_clocks, point_turned_back_to, visit_targets
from slackwater.planning.turning_back import before, follow_cluster_objects, follow_control_plane
from slackwater.planning.wish import Wish
from slackwater.planning.workloads import without_namesakes

Expected = Callable[[str, str, str], float | None]
"""Seconds that an act (tool, cluster, act id) usually takes, from the ledger."""

_ORDER = tuple(WorkloadKind)
"""What comes back first: a control plane, then objects of no namespace, then all else."""
_KIND_NEEDS = {
    WorkloadKind.CONTROL_PLANE: Capability.CONTROL_PLANE,
    WorkloadKind.CLUSTER_OBJECTS: Capability.CLUSTER_OBJECTS,
}


def plan_restore(
    wish: Wish,
    catalogue: Catalogue,
    connections: Connections,
    read: Reader,
    *,
    stores: Sequence[Store] = (),
    known_ca: Mapping[str, str] | None = None,
    expected: Expected = lambda *_: None,
    review: Callable[[RestorePlan], Iterable[Finding]] = lambda _: (),
) -> RestorePlan:
    """Make the plan for a wish. Changes nothing anywhere.

    ``stores`` and ``known_ca`` (the hash of its CA by cluster) are what is remembered of clusters
    that do not answer now. A plan that must not run has findings of severity error; it is returned
    all the same, for it says why.
    """
    apart, covered = wish.split()
    asked = may_follow(wish, covered)
    selections = _selected(wish, (*apart, *asked), catalogue, read)
    selections = with_volumes(selections, asked)
    draft = Draft(wish, connections, catalogue, (*catalogue.stores, *stores))
    draft.findings = list(_noticed(wish, catalogue, selections))
    chosen = sorted((s for s in selections.items if s.point), key=_rank)
    visit_targets(draft, chosen, known_ca or {})
    chosen = settle(draft, chosen, asked)
    compare_clocks(draft, selections.items)
    _refuse_collisions(draft, chosen)
    for selection in chosen:
        _plan_one(draft, selection)
    plan = _written(draft, selections, tuple(_choices(draft, chosen, covered)), expected)
    return plan.model_copy(update={"findings": (*plan.findings, *review(plan))})


def _selected(
    wish: Wish, wanted: Sequence[Wanted], catalogue: Catalogue, read: Reader
) -> Selections:
    return choose(
        without_namesakes(wanted, wish.target),
        catalogue.covering,
        wish.moment.at,
        read,
        tolerance=wish.tolerance,
        accept_partial=wish.accept_partial,
    )


def _noticed(wish: Wish, catalogue: Catalogue, selections: Selections) -> Iterator[Finding]:
    """Yield what is known before any target is visited."""
    yield from map(say.as_background, catalogue.findings)
    yield from (say.left_out(w, held=_is_held(w, catalogue, wish)) for w in wish.left_out)
    if wish.moment.assumed_zone:
        yield say.zone_assumed(wish.moment)
    yield from say.about_selections(selections, wish.moment, wish.accept_partial)
    yield from say.about_broken(selections, catalogue.covering, wish.moment)


def _written(
    draft: Draft, selections: Selections, choices: tuple[Choice, ...], expected: Expected
) -> RestorePlan:
    wish, spread = draft.wish, selections.spread
    return RestorePlan(
        made_at=draft.connections.clock(),
        moment=wish.moment.at,
        zone=wish.moment.zone,
        mark=selections.mark,
        spread=spread.total_seconds() if spread is not None else None,
        policy=wish.policy,
        mapping=wish.mapping,
        replace=wish.replace,
        pins=tuple(draft.pins.values()),
        standing=tuple(s.recorded(replace=wish.replace) for s in draft.stands.values()),
        choices=choices,
        steps=tuple(_timed(step, expected) for step in draft.assembly.finished()),
        findings=tuple(dict.fromkeys(draft.findings)),
    )


def _is_held(workload: Workload, catalogue: Catalogue, wish: Wish) -> bool:
    """Whether what was left out could come back at all: no tool may have been able to keep it."""
    return any(True for _ in catalogue.covering.of(workload, wish.moment.at))


def _rank(selection: Selection) -> int:
    return _ORDER.index(selection.wanted.workload.kind)


def _choices(
    draft: Draft, chosen: Sequence[Selection], covered: Sequence[Workload]
) -> list[Choice]:
    """Return what each workload is brought back from, cluster by cluster as they were asked for."""
    made = [_choice(draft.wish, s.wanted.workload, s.point, gaps=s.gaps) for s in chosen if s.point]
    for workload in (each for each in covered if each not in {c.workload for c in made}):
        point = point_turned_back_to(draft, workload.cluster)
        if point is not None:
            made.append(_choice(draft.wish, workload, point, covered=True))
    clusters = list(dict.fromkeys(item.workload.cluster for item in draft.wish.wanted))
    return sorted(made, key=lambda choice: clusters.index(choice.workload.cluster))


def _choice(
    wish: Wish,
    workload: Workload,
    point: RecoveryPoint,
    *,
    gaps: tuple[str, ...] = (),
    covered: bool = False,
) -> Choice:
    if point.begin is None:
        raise ValueError("only usable points become choices")
    return Choice(
        workload=workload,
        target=wish.target(workload),
        point=point,
        loses=wish.moment.at - point.begin,
        gaps=gaps,
        covered=covered,
    )


def _timed(step: Step, expected: Expected) -> Step:
    return step.model_copy(update={"expected": expected(step.tool, step.cluster, step.act.id)})


def _refuse_collisions(draft: Draft, chosen: Sequence[Selection]) -> None:
    targets = Counter(draft.wish.target(s.wanted.workload) for s in chosen)
    draft.findings += [say.collision(target) for target, n in targets.items() if n > 1]


def _plan_one(draft: Draft, selection: Selection) -> None:
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
    after = before(draft, request)
    stand = draft.stands.get(f"{request.target}/{request.namespace}")
    cleared = tuple(_clear(draft, stand, request, after))
    steps = draft.assembly.add_acts(
        request.target,
        tool,
        acts.acts,
        after=after,
        before_writing=cleared,
        workload=request.workload,
        conflicts=stand.summary() if stand else (),
    )
    match request.workload.kind:
        case WorkloadKind.CONTROL_PLANE:
            follow_control_plane(draft, request, steps.values())
        case WorkloadKind.CLUSTER_OBJECTS:
            follow_cluster_objects(draft, request, steps.values())


def _request(draft: Draft, selection: Selection) -> RestoreRequest | None:
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
        existing=draft.wish.existing_for(workload),
        stores=tuple(store for store in draft.stores if store.tool == tool),
        cleared=_is_cleared(draft, workload),
    )


def _is_cleared(draft: Draft, workload: Workload) -> bool:
    target = draft.wish.target(workload)
    stand = draft.stands.get(f"{target.cluster}/{target.namespace}")
    return draft.wish.replace and stand is not None and bool(stand.objects)


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
    if need := _KIND_NEEDS.get(request.workload.kind):
        yield need
    if request.target != request.workload.cluster:
        yield Capability.RESTORE_ELSEWHERE
    mapping = request.mapping
    if mapping.namespaces:
        yield Capability.MAP_NAMESPACES
    if mapping.storage_classes:
        yield Capability.MAP_STORAGE_CLASSES
    if mapping.images:
        yield Capability.MAP_IMAGES
    if mapping.claims:
        yield Capability.MAP_CLAIMS
    if request.existing is Existing.UPDATE:
        yield Capability.UPDATE_EXISTING


def _clear(
    draft: Draft, stand: Stand | None, request: RestoreRequest, after: Sequence[str]
) -> Iterator[str]:
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
            stand,
            request.workload,
            draft.connections,
            draft.assembly,
            after,
            prefer=request.point.id.tool,
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
