"""Visits the targets of a restore: who they are, and what stands where it will write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from slackwater.catalogue.gathering import no_answer, side_by_side
from slackwater.errors import SlackwaterError
from slackwater.model.act import Act, ActKind
from slackwater.model.finding import Finding
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.restore_plan import Pin
from slackwater.model.step import OwnAct
from slackwater.model.workload import WorkloadKind
from slackwater.planning import turning_back_findings as say
from slackwater.planning.choosing import Selection
from slackwater.planning.clocks import wrong_clock
from slackwater.planning.draft import Draft
from slackwater.planning.pinning import pin_cluster, pin_control_plane
from slackwater.planning.standing import Lookout, Stand


def visit_targets(draft: Draft, chosen: Sequence[Selection], known_ca: Mapping[str, str]) -> None:
    """Pin every target, and look at what stands where the restore will write.

    ``known_ca`` are the CA hashes of clusters as they are remembered: of a silent cluster that is
    to be turned back nothing else is known.
    """
    whole = WorkloadKind.CONTROL_PLANE
    draft.turned_back = {
        s.wanted.workload.cluster: s for s in chosen if s.wanted.workload.kind is whole
    }
    targets = dict.fromkeys(draft.wish.target(s.wanted.workload) for s in chosen)
    clusters = list(dict.fromkeys(target.cluster for target in targets))
    pins = side_by_side(_pinning(draft, known_ca), clusters)
    for cluster, pin in zip(clusters, pins, strict=True):
        if isinstance(pin, Finding):
            draft.findings.append(pin)
        else:
            draft.pins[cluster] = pin
            draft.gates[cluster] = [_check(draft, pin)]
    places = {
        c: [t.namespace for t in targets if t.cluster == c and t.namespace]
        for c, pin in draft.pins.items()
        if pin.seen
    }
    for found in side_by_side(lambda c: _standing_in(draft, c, places[c]), list(places)):
        if isinstance(found, Finding):
            draft.findings.append(found)
        else:
            draft.stands |= {stand.place: stand for stand in found}


def compare_clocks(draft: Draft, selections: Sequence[Selection]) -> None:
    """Say which clocks are off, of the clusters that took the points and of the targets.

    Of those too from which no point was chosen: it may be the clock that has dated it later.
    """

    def off(name: str) -> Finding | None:
        try:
            return wrong_clock(draft.connections.cluster(name))
        except SlackwaterError:
            return None  # its silence has its own finding

    names = [*draft.pins, *(s.wanted.workload.cluster for s in selections)]
    found = side_by_side(off, list(dict.fromkeys(names)))
    draft.findings += [finding for finding in found if finding is not None]


def _pinning(draft: Draft, known_ca: Mapping[str, str]) -> Callable[[str], Pin | Finding]:
    def pin(name: str) -> Pin | Finding:
        point = point_turned_back_to(draft, name)
        try:
            if point is None:
                return pin_cluster(draft.connections, name)
            return pin_control_plane(draft.connections, name, point, known_ca.get(name, ""))
        except SlackwaterError as error:
            return no_answer(name, "", error)

    return pin


def point_turned_back_to(draft: Draft, cluster: str) -> RecoveryPoint | None:
    """Return the point to which the plan turns a cluster back; None where it does not."""
    selection = draft.turned_back.get(cluster)
    return selection.point if selection else None


def _check(draft: Draft, pin: Pin) -> str:
    """Add what makes sure that the cluster is the one that is meant; a person, if nothing else."""
    point = point_turned_back_to(draft, pin.cluster)
    if point is not None and not pin.seen:
        draft.findings.append(say.not_seen(pin, point))
        if not pin.control_plane:
            return draft.assembly.add_acts(pin.cluster, "", [_confirm(pin, point)])["confirm-hosts"]
    return draft.assembly.add_own(
        OwnAct.CHECK_TARGET,
        pin.cluster,
        f"check {pin.cluster}: the planned cluster, its tools, rights",
        without_api=point is not None,
    )


def _confirm(pin: Pin, point: RecoveryPoint) -> Act:
    return Act(
        id="confirm-hosts",
        kind=ActKind.PERSON,
        title=f"confirm that these are the hosts of {pin.cluster}",
        without_api=True,
        effects=("changes nothing",),
        instructions=(
            f"Nothing of {pin.cluster} answers: neither {pin.url} nor the store of its control"
            " plane.\n"
            f"Its control plane will be turned back to {point.name}"
            f" (kube-system {pin.uid or 'unknown'}).\n"
            f"See on the hosts themselves that they are those of {pin.cluster}, then confirm."
        ),
    )


def _standing_in(draft: Draft, cluster: str, namespaces: Sequence[str]) -> list[Stand] | Finding:
    lookout = Lookout(draft.connections.cluster(cluster), draft.connections.own_records)
    try:
        return [lookout.look(namespace) for namespace in namespaces]
    except SlackwaterError as error:
        return no_answer(cluster, "", error)
