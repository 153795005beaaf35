"""After a restore: is it the etcd that was prepared, all of it, and do the API servers see it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slackwater.backend import Report
from slackwater.backend.polling import answered
from slackwater.clusters import Cluster
from slackwater.errors import (
    BackendError,
    BackendUnavailable,
    ClusterDenied,
    ClusterError,
    PermanentBackendError,
    SlackwaterError,
)
from slackwater.model.finding import Finding
from slackwater_etcdctl import members
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.answers import Status
from slackwater_etcdctl.blueprint import Blueprint
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.host_commands import HostCommandRunner
from slackwater_etcdctl.members import Seen
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.watch_caches import WatchCaches

_SILENT_WITHIN = 60.0
"""Seconds: a kubelet takes about half of it to end a static pod."""
_DISARM = "see `etcdctl alarm list`; once its cause is gone: etcdctl alarm disarm"


def require_silence(site: Site, plan: Blueprint, report: Report) -> Mapping[str, object]:
    """See that nothing of the control plane answers any more, before anything is moved.

    An API server that goes on over a restored etcd keeps, and hands out, what is not there any
    more (Kubernetes issue 118501). Raises ``BackendUnavailable`` where something still answers.
    """
    talking: list[str] = []

    def silent() -> bool:
        talking[:] = [*_answering_api(site.cluster), *_answering_members(site)]
        return not talking

    if not answered(silent, within=_SILENT_WITHIN, stopping=lambda: report.stopping):
        raise BackendUnavailable(
            f"{', '.join(talking)} still answers",
            backend=TOOL,
            cluster=plan.cluster,
            hint="stop every API server and every member of etcd of this cluster",
        )
    return {"silent": True}


def _answering_api(cluster: Cluster) -> Sequence[str]:
    """``/version`` is answered by every API server that lives, with or without its etcd."""
    try:
        cluster.get("/version")
    except ClusterDenied:
        return (cluster.url,)
    except ClusterError:  # no answer, or a load balancer's that has nobody behind it
        return ()
    return (cluster.url,)


def _answering_members(site: Site) -> Sequence[str]:
    with site.session() as session:
        seen = members.look(session, site.settings.endpoints)
    return [each.endpoint for each in seen if each.status is not None]


def require_members(site: Site, plan: Blueprint, report: Report) -> Mapping[str, object]:
    """See that all members of the restored cluster are well and hold the same.

    Raises ``BackendUnavailable`` as long as one is missing, is not of this restore, or is not well;
    ``PermanentBackendError`` where they differ.
    """
    within = site.settings.restore.healthy_within.total_seconds()
    troubles: list[str] = []
    with site.session() as session:

        def well() -> bool:
            troubles[:] = _troubles(site, plan, session)
            return not troubles

        if not answered(well, within=within, stopping=lambda: report.stopping):
            raise BackendUnavailable("; ".join(troubles), backend=TOOL, cluster=plan.cluster)
        _require_own_health(site, plan, report)
        held = _one_hash(site, plan, session)
        status = session.status(site.settings.endpoints[0])
    findings = [*_about_state(site, plan, status)]
    return {
        "cluster_id": plan.cluster_id,
        "revision": plan.revision,
        "hash": held,
        "findings": [finding.model_dump(mode="json") for finding in findings],
    }


def _about_state(site: Site, plan: Blueprint, status: Status) -> Iterator[Finding]:
    for said in status.alarms.values():
        yield site.voice.warning("alarm", plan.point, said, _DISARM)
    if status.header.revision > plan.revision:
        yield site.voice.warning(
            "written-meanwhile",
            plan.cluster,
            f"something has written since etcd began again: it is at revision "
            f"{status.header.revision}, and began at {plan.revision}",
            "see that no API server runs yet, and that the data was exchanged on every host",
        )


def _one_hash(site: Site, plan: Blueprint, session: Session) -> int:
    """Return the hash that all members have over all their keys. Raises where they differ."""
    found = {each: session.hash_at(each, plan.revision) for each in site.settings.endpoints}
    hashes = {(each.hash, each.compact_revision) for each in found.values()}
    if len(hashes) != 1:
        said = ", ".join(f"{endpoint} {each.hash}" for endpoint, each in found.items())
        raise PermanentBackendError(
            f"the members do not hold the same at revision {plan.revision}: {said}",
            backend=TOOL,
            cluster=plan.cluster,
            hint="do not start the API servers; stop the members and plan again",
        )
    return next(iter(found.values())).hash


def _troubles(site: Site, plan: Blueprint, session: Session) -> list[str]:
    """Say what is not yet as it must be."""
    seen = members.look(session, site.settings.endpoints)
    troubles = [trouble for each in seen for trouble in _trouble_of(each, plan)]
    if troubles:
        return troubles
    try:
        listed = session.members(seen[0].endpoint).members
    except BackendError as error:
        return [str(error)]
    expected = {member.name for member in plan.members}
    named = {member.name for member in listed}
    return [] if named == expected else [f"the members are {', '.join(sorted(named))}"]


def _trouble_of(seen: Seen, plan: Blueprint) -> list[str]:
    status = seen.status
    if status is None:
        return [f"{seen.endpoint}: {seen.error}"]
    found = f"{status.header.cluster_id:x}"
    if found != plan.cluster_id:
        whose = f"the cluster {found}, not to the restored {plan.cluster_id}"
        return [f"{seen.endpoint} belongs to {whose}: its data was not exchanged"]
    return [f"{seen.endpoint}: {trouble}" for trouble in _own_troubles(status, plan)]


def _own_troubles(status: Status, plan: Blueprint) -> list[str]:
    troubles = list(status.troubles)
    if not status.leader:
        troubles.append("it has no leader")
    if status.header.revision < plan.revision:
        troubles.append(f"its revision is {status.header.revision}, not {plan.revision}")
    return troubles


def _require_own_health(site: Site, plan: Blueprint, report: Report) -> None:
    runner = HostCommandRunner.of(site, report)
    for member in plan.members:
        asked = member.commands.health if member.commands else None
        if asked and not runner.ends_well(asked):
            raise BackendUnavailable(
                f"{member.label} is not well, says its own command for health",
                backend=TOOL,
                cluster=plan.cluster,
            )


def require_control_plane(site: Site, plan: Blueprint, report: Report) -> Mapping[str, object]:
    """See that the API server is ready and hands out what is in etcd, from its caches too.

    Raises ``BackendUnavailable`` as long as it is not ready.
    """
    within = site.settings.restore.healthy_within.total_seconds()
    said: list[str] = []

    def ready() -> bool:
        said[:] = _unready(site.cluster)
        return not said

    if not answered(ready, within=within, stopping=lambda: report.stopping):
        raise BackendUnavailable("; ".join(said), backend=TOOL, cluster=plan.cluster)
    with site.session() as session:
        endpoint = site.settings.endpoints[0]
        caches = WatchCaches(site.cluster, session, endpoint, site.voice, within, report)
        findings = list(caches.compare())
    return {"findings": [finding.model_dump(mode="json") for finding in findings]}


def _unready(cluster: Cluster) -> list[str]:
    try:
        cluster.exists("/readyz")
        cluster.identity()
    except SlackwaterError as error:
        return [str(error)]
    return []
