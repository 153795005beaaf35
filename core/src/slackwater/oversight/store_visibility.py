"""Whether each cluster could restore what the others have backed up: are their stores visible?"""

from __future__ import annotations

from collections.abc import Iterator

from slackwater.backend import SharedStores
from slackwater.backend.connections import Connections
from slackwater.backend.wrappers import as_role
from slackwater.catalogue.gathering import Catalogue
from slackwater.errors import SlackwaterError
from slackwater.model.capability import Capability, Level
from slackwater.model.finding import Finding, Severity
from slackwater.model.request import Store


def review_stores(catalogue: Catalogue, connections: Connections) -> Iterator[Finding]:
    """Yield a finding for each pair of clusters where the second cannot read the first's store.

    None where the tool restores nothing from elsewhere: no store would help. A store that two
    clusters may write is a finding too: one writes, the others read; unless it is made for many.
    """
    answered = {(s.cluster, s.tool) for s in catalogue.sources if s.answered}
    for store in (s for s in catalogue.stores if s.writable):
        for cluster, tool in sorted(answered):
            if tool == store.tool and cluster != store.cluster:
                yield from _pair(store, cluster, catalogue, connections)


def _pair(
    store: Store, cluster: str, catalogue: Catalogue, connections: Connections
) -> Iterator[Finding]:
    views = [s for s in catalogue.stores if (s.cluster, s.tool) == (cluster, store.tool)]
    same = next((view for view in views if view.identity == store.identity), None)
    if same is None and _restores_from_elsewhere(cluster, store.tool, connections):
        yield _invisible(store, cluster, connections)
    elif same is None:
        return
    elif same.writable and not same.for_many and store.cluster < cluster:
        yield _two_writers(store, same)
    elif not same.available:
        yield _finding(
            Severity.WARNING,
            "store-not-available",
            same,
            f'the store of {store.cluster} is known as "{same.name}" and not available:'
            f" {same.message or 'no reason given'}",
            "repair it there, or recovery points cannot be restored into this cluster",
        )


def _restores_from_elsewhere(cluster: str, tool: str, connections: Connections) -> bool:
    """Whether a store of another cluster would be of any use; what is not known counts as so."""
    try:
        described = connections.backend(cluster, tool).describe()
    except SlackwaterError:
        return True
    support = described.capabilities.get(Capability.RESTORE_ELSEWHERE)
    return support is None or support.level is not Level.UNSUPPORTED


def _invisible(store: Store, cluster: str, connections: Connections) -> Finding:
    try:
        sharing = as_role(connections.backend(cluster, store.tool), SharedStores)
        if sharing is not None:
            return sharing.explain_missing_store(store)
    except SlackwaterError:
        pass  # the silence of this cluster has its own finding; this pair still gets its line
    seen_here = store.model_copy(update={"cluster": cluster})
    return _finding(
        Severity.WARNING,
        "store-not-visible",
        seen_here,
        f"the store of {store.cluster} is not visible here: its recovery points cannot be restored",
        "make it known here, read-only",
    )


def _two_writers(store: Store, other: Store) -> Finding:
    return _finding(
        Severity.WARNING,
        "two-writers",
        other,
        f"{store.cluster} and {other.cluster} both may write to {store.identity}:"
        " the origin of its recovery points cannot be told, and both clean up in it",
        f"let one write; make the other read-only ({other.name} in {other.cluster})",
    )


def _finding(severity: Severity, code: str, store: Store, message: str, way_out: str) -> Finding:
    return Finding(
        severity=severity,
        code=code,
        subject=store.name,
        message=message,
        way_out=way_out,
        cluster=store.cluster,
        tool=store.tool,
    )
