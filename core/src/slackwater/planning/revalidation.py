"""Before a plan runs: is the world still what the plan rests on?

Compared is only what it rests on: the identity of its targets, its chosen points, what stood
where it writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from slackwater.backend.connections import Connections
from slackwater.catalogue.reading import see_again
from slackwater.errors import (
    BackendUnavailable,
    ClusterUnreachable,
    PlanChanged,
    SlackwaterError,
)
from slackwater.model.restore_plan import Choice, Pin, RestorePlan, Standing
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
    for pin in plan.pins:
        yield from _moved(pin, connections)
    lookouts = {pin.cluster: Lookout(connections.cluster(pin.cluster)) for pin in plan.pins}
    for standing in plan.standing:
        yield from _stands_otherwise(standing, lookouts)
    for choice in plan.choices:
        yield from _point_gone(choice, connections)


def _moved(pin: Pin, connections: Connections) -> Iterator[str]:
    identity = connections.cluster(pin.cluster).identity()
    if identity.uid != pin.uid or identity.ca_hash != pin.ca_hash:
        yield (
            f"{pin.cluster} is another cluster now: kube-system was {pin.uid}, is {identity.uid}"
        )


def _stands_otherwise(then: Standing, lookouts: Mapping[str, Lookout]) -> Iterator[str]:
    cluster, _, namespace = then.place.partition("/")
    now = lookouts[cluster].look(namespace).recorded()
    if now == then:
        return
    if not then.uid:
        yield f"{then.place} exists now, with {now.objects} objects; the plan found nothing there"
    elif now.uid != then.uid:
        yield f"{then.place} was deleted or made anew since"
    else:
        yield f"{then.place} has {now.objects} objects now, {then.objects} when the plan was made"


def _point_gone(choice: Choice, connections: Connections) -> Iterator[str]:
    try:
        seen = see_again(connections, choice.point)
    except (ClusterUnreachable, BackendUnavailable):
        return  # nobody shows it now; the plan knew, or has its store shown before it is used
    except SlackwaterError as error:
        yield f"recovery point {choice.point.name} cannot be seen any more: {error}"
        return
    if seen is not None and (seen.begin, seen.phase) != (choice.point.begin, choice.point.phase):
        yield f"recovery point {choice.point.name} is not what it was: {seen.phase}, {seen.begin}"
