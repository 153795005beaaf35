"""Which members there are, how they are, and which of them is fit to be saved. Mostly pure.

A member without quorum serves a snapshot without a word, and a member that lags serves an old one:
the call is local (measured). So the choice is made here, before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from slackwater.errors import BackendError, BackendUnavailable
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.answers import Status
from slackwater_etcdctl.errors import TOOL, NoFitMember, TwoClusters

CORRUPT = "CORRUPT"
NOSPACE = "NOSPACE"
"""etcd's names of its alarms."""


@dataclass(frozen=True)
class Seen:
    """A member as it was seen at its endpoint; ``error`` is set where it did not answer."""

    endpoint: str
    status: Status | None = None
    error: BackendError | None = None


@dataclass(frozen=True)
class Candidate:
    """A member that answered. ``unfit`` says why it should not be saved; empty where it is fit.

    ``hopeless`` is one that must not be saved at all: a setting may allow an old state, never a
    wrong one.
    """

    endpoint: str
    status: Status
    unfit: str = ""
    hopeless: bool = False

    @property
    def id(self) -> str:
        """Its id, as etcd writes it in its log."""
        return f"{self.status.header.member_id:x}"

    @property
    def leads(self) -> bool:
        """Whether it is the leader."""
        return self.status.leader == self.status.header.member_id


def look(session: Session, endpoints: Sequence[str]) -> tuple[Seen, ...]:
    """Ask all members at once how they are."""

    def ask(endpoint: str) -> Seen:
        try:
            return Seen(endpoint, session.status(endpoint))
        except BackendError as error:
            return Seen(endpoint, error=error)

    with ThreadPoolExecutor(max(1, len(endpoints))) as pool:
        return tuple(pool.map(ask, endpoints))


def rank(seen: Sequence[Seen], max_lag: int, cluster: str) -> tuple[Candidate, ...]:
    """Return the members that answered, best first: fit, a follower, the furthest. Pure.

    Two endpoints of one member count once. Raises the error of a member where none answered, and
    ``TwoClusters``.
    """
    answered = {s.status.header.member_id: s for s in reversed(seen) if s.status is not None}
    if not answered:
        raise _silence(seen, cluster)
    statuses = [each.status for each in answered.values() if each.status is not None]
    if len({status.header.cluster_id for status in statuses}) > 1:
        raise _two_clusters(seen, cluster)
    furthest = max(status.raft_applied_index for status in statuses)
    alarms = {alarm for status in statuses for alarm in status.alarms}
    candidates = [
        _judged(each.endpoint, each.status, furthest - max_lag, alarms)
        for each in reversed(answered.values())
        if each.status is not None
    ]
    return tuple(sorted(candidates, key=_order))


def refuse(candidates: Sequence[Candidate], cluster: str) -> NoFitMember:
    """Return the error for members none of which is fit."""
    reasons = "; ".join(f"{each.endpoint}: {each.unfit}" for each in candidates)
    return NoFitMember(
        f"no member is fit to be saved: {reasons}",
        backend=TOOL,
        cluster=cluster,
        hint="bring a majority of the members up; or, where an old state is better than none, set "
        "without_quorum: true for this backup",
    )


def _order(candidate: Candidate) -> tuple[bool, bool, bool, int]:
    return (
        candidate.hopeless,
        bool(candidate.unfit),
        candidate.leads,
        -candidate.status.raft_applied_index,
    )


def _judged(endpoint: str, status: Status, needed: int, alarms: set[tuple[int, str]]) -> Candidate:
    reasons = list(_hopeless(status, alarms))
    if reasons:
        return Candidate(endpoint, status, ", ".join(reasons), hopeless=True)
    return Candidate(endpoint, status, ", ".join(_unfit(status, needed)))


def _hopeless(status: Status, alarms: set[tuple[int, str]]) -> Iterator[str]:
    if status.is_learner:
        yield "it is a learner"
    if (status.header.member_id, CORRUPT) in alarms:
        yield "it is corrupt, says the alarm"


def _unfit(status: Status, needed: int) -> Iterator[str]:
    if not status.leader:
        yield "it has no leader"
    yield from (said for said in status.troubles if "no leader" not in said)
    if status.raft_applied_index < needed:
        yield f"it lags behind: applied {status.raft_applied_index}, {needed} or more is wanted"


def _silence(seen: Sequence[Seen], cluster: str) -> BackendError:
    """The error of a member; one that refuses us says more than one that is away."""
    errors = [each.error for each in seen if each.error is not None]
    errors.sort(key=lambda error: isinstance(error, BackendUnavailable))
    if errors:
        return errors[0]
    return BackendUnavailable("no endpoint is named", backend=TOOL, cluster=cluster)


def _two_clusters(seen: Sequence[Seen], cluster: str) -> TwoClusters:
    named = ", ".join(
        f"{each.endpoint} is of {each.status.header.cluster_id:x}" for each in seen if each.status
    )
    return TwoClusters(
        f"the endpoints belong to different etcd clusters: {named}",
        backend=TOOL,
        cluster=cluster,
        hint="name the members of one cluster under endpoints",
    )
