"""Chooses the member to be saved, and proves that it is the right etcd and not cut off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slackwater.errors import BackendError, TransientBackendError
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.errors import ToolFailed
from slackwater_etcdctl.identity import Match, compare, other_cluster
from slackwater_etcdctl.members import Candidate, look, rank, refuse
from slackwater_etcdctl.settings import EtcdctlSettings


@dataclass(frozen=True)
class Chosen:
    """The member to be saved, all that answered, and what is doubtful about the choice."""

    member: Candidate
    candidates: tuple[Candidate, ...]
    doubts: tuple[str, ...] = ()


def choose(session: Session, settings: EtcdctlSettings, uid: str) -> Chosen:
    """Return the best member that a linearizable read gets through.

    ``uid`` is that of kube-system, empty where nobody knows it. Where none is fit, and only if the
    settings allow it, the best of the others, with a doubt. Raises ``NoFitMember``,
    ``TwoClusters``, or what the members say.
    """
    cluster = session.tools.cluster
    candidates = rank(look(session, settings.endpoints), settings.max_lag, cluster)
    tried: list[Candidate] = []
    for candidate in candidates:
        found = candidate if candidate.unfit else _proved(session, candidate, uid)
        if not found.unfit:
            return Chosen(found, candidates)
        tried.append(found)
    usable = [candidate for candidate in tried if not candidate.hopeless]
    if not (settings.without_quorum and usable):
        raise refuse(tried, cluster)
    return _second_best(session, usable, candidates, uid)


def _proved(session: Session, candidate: Candidate, uid: str) -> Candidate:
    try:
        match = compare(session, candidate.endpoint, uid)
    except (TransientBackendError, ToolFailed) as error:
        return replace(candidate, unfit=f"it answers no read with quorum: {error}")
    if match is Match.OTHER:
        raise other_cluster(candidate.endpoint, uid, session.tools.cluster)
    return candidate


def _second_best(
    session: Session, usable: Sequence[Candidate], candidates: tuple[Candidate, ...], uid: str
) -> Chosen:
    best = max(usable, key=lambda candidate: candidate.status.raft_applied_index)
    try:
        match = compare(session, best.endpoint, uid, without_quorum=True)
    except BackendError:
        match = Match.UNKNOWN
    if match is Match.OTHER:
        raise other_cluster(best.endpoint, uid, session.tools.cluster)
    doubt = f"taken from {best.endpoint} though {best.unfit}: the newest writes may be missing"
    return Chosen(best, candidates, (doubt,))
