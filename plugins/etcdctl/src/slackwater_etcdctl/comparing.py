"""Whether all members hold the same: their hashes at one revision, compared.

Members whose data differ are the worst that can happen to etcd (3.5.0 to 3.5.2, issue 13766), and
a snapshot of one of them is as likely the wrong one. Hashing stops writes on a member for as long
as it takes, about a second per GiB, so the members are asked one after another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from slackwater.errors import BackendError
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.members import Candidate


def disagreements(
    session: Session, candidates: Sequence[Candidate], revision: int
) -> tuple[str, ...]:
    """Say where members differ at a revision. Those that cannot tell are left out.

    Hashes can be compared where the same has been compacted (documented: ``endpoint hashkv``).
    """
    voting = [candidate for candidate in candidates if not candidate.status.is_learner]
    if len(voting) < 2 or revision < 1:
        return ()
    by_compaction: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for candidate in voting:
        try:
            found = session.hash_at(candidate.endpoint, revision)
        except BackendError:
            continue
        by_compaction[found.compact_revision][found.hash].append(candidate.endpoint)
    return tuple(
        f"the members do not hold the same at revision {revision}: {_told(hashes)}"
        for hashes in by_compaction.values()
        if len(hashes) > 1
    )


def _told(hashes: dict[int, list[str]]) -> str:
    return "; ".join(f"{', '.join(ends)}: {found:x}" for found, ends in hashes.items())
