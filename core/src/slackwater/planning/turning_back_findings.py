"""What a plan has to say where it turns a whole cluster back, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from slackwater.clusters import Volume
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.restore_plan import Pin

_MOST_NAMED = 6


def turned_back(cluster: str, point: RecoveryPoint) -> Finding:
    """Say plainly what a control plane's restore does."""
    since = f"{point.begin:%Y-%m-%d %H:%M:%SZ}" if point.begin else "its recovery point"
    return _finding(
        "turns-back",
        cluster,
        f"the whole cluster is turned back to {since}: whatever was created, changed or deleted in"
        " it since then, in every namespace, is undone",
        "leave out --control-plane to bring back namespaces only",
    )


def not_seen(pin: Pin, point: RecoveryPoint) -> Finding:
    """The API server of a cluster to be turned back does not answer."""
    taken = f"{point.name} says that it was taken from kube-system {pin.uid}"
    if not pin.uid:
        taken = f"{point.name} does not say which kube-system it was taken from"
    asked = "the store of its control plane answers, and is compared before each step"
    if not pin.control_plane:
        asked = "nothing of it answers, so a person confirms its hosts first"
    return _finding(
        "not-seen",
        pin.cluster,
        f"its API server does not answer ({pin.url}); {taken}; {asked}",
        "see that the name and its settings mean the hosts that you mean",
    )


def volumes_stay(cluster: str, volumes: Sequence[Volume] | None, restore: str) -> Iterator[Finding]:
    """Say which volumes keep today's data; ``volumes`` is None where nobody could look.

    ``restore`` is the moment as the next command has it.
    """
    if volumes is not None and not volumes:
        return
    named = [f"{volume.namespace}/{volume.name}" for volume in volumes or ()]
    which = ", ".join(named[:_MOST_NAMED]) + (", …" if len(named) > _MOST_NAMED else "")
    what = f"{len(named)} volumes keep" if len(named) > 1 else "1 volume keeps"
    if volumes is None:
        what, which = "volumes keep", "which there are is not known, it does not answer"
    yield _finding(
        "volumes-stay",
        cluster,
        f"{what} today's data, for a control plane holds objects only: {which}",
        "--update exchanges in this plan what another tool holds of them; or, when it is back:"
        f" slackwater plan --at {restore} --cluster {cluster} --namespace NAME --replace",
    )


def newer_points(
    cluster: str, chosen: RecoveryPoint, points: Sequence[RecoveryPoint]
) -> Iterator[Finding]:
    """Say which tools have recovery points of the cluster that are newer than the chosen one.

    Records that a tool keeps in the cluster are turned back with it; what lies in its store stays.
    """
    newer = Counter(
        point.id.tool
        for point in points
        if point.origin == cluster
        and point.id.tool != chosen.id.tool
        and point.begin
        and chosen.begin
        and point.begin > chosen.begin
    )
    for tool, number in sorted(newer.items()):
        yield _finding(
            "newer-records",
            cluster,
            f"{_recovery_points(number)} of {tool} newer than {chosen.name}: what {tool} keeps of"
            " them in the cluster is turned back; what lies in its store stays",
            f"{tool} finds them again in its store; look with slackwater points list"
            f" --cluster {cluster} when it is back",
            tool=tool,
        )


def _recovery_points(number: int) -> str:
    return "1 recovery point" if number == 1 else f"{number} recovery points"


def _finding(code: str, cluster: str, message: str, way_out: str, tool: str = "") -> Finding:
    return Finding(
        severity=Severity.WARNING,
        code=code,
        subject=cluster,
        message=message,
        way_out=way_out,
        cluster=cluster,
        tool=tool,
    )
