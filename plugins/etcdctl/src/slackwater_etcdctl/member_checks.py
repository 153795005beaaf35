"""What there is to say of the members as they were seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from slackwater.model.finding import Finding
from slackwater.model.wording import in_bytes
from slackwater_etcdctl.answers import Member, Status
from slackwater_etcdctl.members import NOSPACE, Candidate, Seen
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.versions import known_troubles
from slackwater_etcdctl.voice import Voice

_NEARLY_FULL = 0.8
_HERE = ("localhost", "127.0.0.1", "::1")


def transport(settings: EtcdctlSettings, voice: Voice) -> Iterator[Finding]:
    """Yield endpoints to which everything, a password included, would travel in clear."""
    for endpoint in settings.endpoints:
        url = urlsplit(endpoint)
        if url.scheme == "http" and url.hostname not in _HERE:
            yield voice.warning(
                "plain-http",
                endpoint,
                "the snapshot, Secrets included, travels in clear",
                "have etcd serve TLS (--cert-file, --key-file), and name it with https",
            )


def silent(seen: Sequence[Seen], voice: Voice) -> Iterator[Finding]:
    """Yield members that did not answer, where others did."""
    if all(each.error is not None for each in seen):
        return
    for each in seen:
        if each.error is not None:
            yield voice.warning(
                "member-silent",
                each.endpoint,
                str(each.error),
                each.error.hint or "see whether this member runs, and whether it is reached",
            )


def review(candidates: Sequence[Candidate], voice: Voice) -> Iterator[Finding]:
    """Yield what is wrong with members that answered."""
    for candidate in candidates:
        yield from _fitness(candidate, voice)
        yield from _version(candidate, voice)
        yield from _room(candidate.endpoint, candidate.status, voice)
    alarms = {alarm: said for c in candidates for alarm, said in c.status.alarms.items()}
    for (_, kind), said in sorted(alarms.items()):
        yield voice.error("alarm", kind, f"etcd has raised an alarm: {said}", _way_out_of(kind))


def unnamed(listed: Sequence[Member], endpoints: Sequence[str], voice: Voice) -> Iterator[Finding]:
    """Yield members that no endpoint leads to: they cannot be compared, nor saved in need."""
    hosts = {urlsplit(endpoint).netloc for endpoint in endpoints}
    for member in listed:
        if member.client_urls and not hosts & {urlsplit(u).netloc for u in member.client_urls}:
            yield voice.info(
                "member-unnamed",
                member.name or f"{member.id:x}",
                f"no endpoint names this member; it says {', '.join(member.client_urls)}",
                "name every member under endpoints, if this one can be reached from here",
            )


def _fitness(candidate: Candidate, voice: Voice) -> Iterator[Finding]:
    if candidate.unfit and not candidate.status.is_learner:
        yield voice.warning(
            "member-unfit",
            candidate.endpoint,
            f"it is not fit to be saved: {candidate.unfit}",
            "see its log; another member is saved as long as one is fit",
        )


def _version(candidate: Candidate, voice: Voice) -> Iterator[Finding]:
    for trouble in known_troubles(candidate.status.version):
        yield voice.warning(
            "etcd-version",
            candidate.endpoint,
            f"etcd {candidate.status.version} {trouble}",
            "update etcd to the newest patch of its minor version",
        )


def _room(endpoint: str, status: Status, voice: Voice) -> Iterator[Finding]:
    quota = status.db_size_quota  # not told before 3.6
    if quota and status.db_size > _NEARLY_FULL * quota:
        yield voice.warning(
            "nearly-full",
            endpoint,
            f"its database takes {in_bytes(status.db_size)} of {in_bytes(quota)}, of which "
            f"{in_bytes(status.db_size_in_use)} are in use; when it is full, all writes stop",
            "compact and defragment it, a member at a time, and not during a backup",
        )


def _way_out_of(kind: str) -> str:
    if kind == NOSPACE:
        return "compact, defragment each member, then: etcdctl alarm disarm"
    return "compare the members (etcdctl endpoint hashkv --cluster), and replace the corrupt one"
