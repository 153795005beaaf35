"""Before a plan runs: is the world still what the plan rests on?

Compared is only what it rests on: the identity of its targets, its chosen points, what stood
where it writes. A cluster that is turned back may be silent, and what stands in it is looked at
when it is back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slackwater.backend.connections import Connections
from slackwater.catalogue.reading import see_again
from slackwater.catalogue.whereabouts import judged
from slackwater.errors import (
    BackendUnavailable,
    ClusterError,
    ClusterUnreachable,
    PlanChanged,
    SlackwaterError,
)
from slackwater.model.restore_plan import Choice, Pin, RestorePlan, Standing
from slackwater.planning.pinning import compare, compare_store, is_silence, store_id
from slackwater.planning.standing import Lookout


def require_unchanged(plan: RestorePlan, connections: Connections) -> None:
    """Raise ``PlanChanged`` with everything that is no longer as the plan has it."""
    changes = list(_changes(plan, connections))
    if changes:
        raise PlanChanged(
            "the plan no longer fits the world:\n" + "\n".join(f"  {line}" for line in changes),
            hint="make the plan again with slackwater plan, and read what is different",
        )


def _changes(plan: RestorePlan, connections: Connections) -> Iterator[str]:
    turned_back = {choice.target.cluster for choice in plan.turned_back}
    for pin in plan.pins:
        yield from _moved(pin, connections, whole=pin.cluster in turned_back)
    lookouts = {
        pin.cluster: Lookout(connections.cluster(pin.cluster), connections.own_records)
        for pin in plan.pins
        if pin.cluster not in turned_back
    }
    for standing in plan.standing:
        yield from _stands_otherwise(standing, lookouts, replace=plan.replace)
    for choice in plan.choices:
        if not choice.covered:
            yield from _point_gone(choice, connections)


def _moved(pin: Pin, connections: Connections, *, whole: bool) -> Iterator[str]:
    """Compare a target with its pin; one that is turned back as a whole may be silent."""
    try:
        if whole:
            backends = [connections.backend(pin.cluster, t) for t in connections.tools(pin.cluster)]
            compare_store(pin, store_id(backends))
        compare(pin, connections.cluster(pin.cluster).identity())
    except PlanChanged as changed:
        yield str(changed)
    except ClusterError as error:
        if not (whole and is_silence(error)):
            raise


def _stands_otherwise(
    then: Standing, lookouts: Mapping[str, Lookout], *, replace: bool
) -> Iterator[str]:
    cluster, _, namespace = then.place.partition("/")
    if cluster not in lookouts:
        return
    now = lookouts[cluster].look(namespace).recorded(replace=replace)
    if now == then:
        return
    if not then.uid:
        yield f"{then.place} exists now, with {now.objects} objects; the plan found nothing there"
    elif now.uid != then.uid:
        yield f"{then.place} was deleted or made anew since"
    elif now.objects != then.objects:
        yield f"{then.place} has {now.objects} objects now, {then.objects} when the plan was made"
    else:
        yield f"{then.place} has other objects now than when the plan was made"


def _point_gone(choice: Choice, connections: Connections) -> Iterator[str]:
    try:
        seen = see_again(connections, choice.point)
    except (ClusterUnreachable, BackendUnavailable):
        return  # nobody shows it now; the plan knew, or has its store shown before it is used
    except SlackwaterError as error:
        yield f"recovery point {choice.point.name} cannot be seen any more: {error}"
        return
    if seen is not None and choice.point.data is not None:
        seen = judged(seen, choice.point.data)
    if seen is not None and (seen.begin, seen.phase) != (choice.point.begin, choice.point.phase):
        yield f"recovery point {choice.point.name} is not what it was: {seen.phase}, {seen.begin}"
