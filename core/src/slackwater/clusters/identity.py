"""What tells one cluster from every other, and how far its clock is from ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from slackwater.errors import ClusterError


@dataclass(frozen=True)
class ClusterIdentity:
    """A cluster's fingerprint: names and kubeconfig contexts move, this does not.

    ``ca_hash`` is the SHA-256 of the certificate authority that the kubeconfig trusts, in hex, or
    empty where it names none; ``uid`` is that of the namespace ``kube-system``.
    """

    ca_hash: str
    uid: str


@dataclass(frozen=True)
class ClockOffset:
    """How far a server's clock is ahead of ours, in seconds, give or take ``error`` seconds."""

    seconds: float
    error: float


def clock_offset(cluster: str, date: str, before: datetime, after: datetime) -> ClockOffset:
    """Compare a ``Date`` header with our clock just before and after the exchange.

    The header is cut to whole seconds (RFC 9110, 5.6.7), so the truth lies within one second; and
    it was written at some moment of the exchange. Raises ``ClusterError`` without a usable header.
    """
    try:
        written = parsedate_to_datetime(date)
    except ValueError as error:
        said = f"{cluster}: the server's Date header is not usable: {date!r}"
        raise ClusterError(said, cluster=cluster) from error
    theirs = written.replace(tzinfo=written.tzinfo or UTC) + timedelta(seconds=0.5)
    half = (after - before) / 2
    offset = theirs - (before + half)
    return ClockOffset(offset.total_seconds(), 0.5 + half.total_seconds())
