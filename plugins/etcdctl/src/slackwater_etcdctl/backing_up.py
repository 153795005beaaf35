"""Performs a backup: choose a member, save, check, encrypt and store; the manifest comes last."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from slackwater.backend import Report, Stopped
from slackwater.errors import BackendError, ClusterError, RecoveryPointNotFound
from slackwater.model.act import Act, Key
from slackwater.model.operation import Progress
from slackwater.model.recovery_point import Stamp
from slackwater.stores import Artefact, ArtefactStore, Manifest
from slackwater_etcdctl import saving
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.acts import table, text
from slackwater_etcdctl.choosing import Chosen, choose
from slackwater_etcdctl.companions import Taken, take
from slackwater_etcdctl.comparing import disagreements
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.facts import (
    SNAPSHOT_PART,
    CompanionFacts,
    KubernetesFacts,
    MemberFacts,
    SnapshotFacts,
)
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.tools import Program


@dataclass(frozen=True)
class Performer:
    """Makes recovery points of one cluster's etcd in one store."""

    site: Site
    store: ArtefactStore
    clock: Callable[[], datetime]

    def perform(self, act: Act, key: Key, report: Report) -> Manifest:
        """Return the manifest of the point that this key stands for, made now or before."""
        name = key.name(text(act, "stem"))
        try:
            return self.store.manifest(name)
        except RecoveryPointNotFound:
            stamp = Stamp.model_validate(table(act, "stamp"))
            return self._make(name, stamp, report)

    def _make(self, name: str, stamp: Stamp, report: Report) -> Manifest:
        self.site.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.site.spool, prefix="backup-") as made:
            folder = Path(made)
            file = folder / SNAPSHOT_PART
            facts = self._save(file, stamp, report)
            chunks = saving.checked_chunks(file, self.site.cluster.name)
            artefacts = [self._write(name, SNAPSHOT_PART, chunks, report)]
            companions = list(take(self.site.settings.companions, folder))
            artefacts += self._write_companions(name, companions, report)
            told = [_companion(taken) for taken in companions]
            facts = facts.model_copy(update={"verified": True, "companions": tuple(told)})
            counts = self.store.publish(
                Manifest(
                    name=name,
                    tool=TOOL,
                    made_at=self.clock(),
                    facts=facts.as_manifest(),
                    artefacts=tuple(artefacts),
                )
            )
        with suppress(BackendError):  # the backup counts already, whatever becomes of old remains
            self.store.sweep()
        return counts

    def _save(self, file: Path, stamp: Stamp, report: Report) -> SnapshotFacts:
        """Save, look at the structure, compare the members; return all that is known then."""
        kubernetes = self._kubernetes()
        with self.site.session() as session:
            chosen = choose(session, self.site.settings, kubernetes.uid or stamp.cluster_uid)
            saving.need_room(file.parent, chosen.member.status.db_size, self.site.cluster.name)
            began = self.clock()
            self._fetch(session, chosen, file, report)
            ended = self.clock()
            found = saving.status_of(file, self.site.tools, lambda: report.stopping)
            doubts = [*chosen.doubts, *_age(chosen, found.revision)]
            if self.site.settings.compare_members:
                doubts += disagreements(session, chosen.candidates, found.revision)
            members = _members(session, chosen)
        status = chosen.member.status
        return SnapshotFacts(
            cluster_id=f"{status.header.cluster_id:x}",
            member_id=chosen.member.id,
            member_name=next((m.name for m in members if m.id == chosen.member.id), ""),
            endpoint=chosen.member.endpoint,
            server_version=status.version,
            storage_version=found.version or status.storage_version,
            revision=found.revision,
            raft_index=status.raft_applied_index,
            raft_term=status.raft_term,
            hash=f"{found.hash:x}",
            total_keys=found.total_key,
            size=file.stat().st_size,
            size_in_use=status.db_size_in_use,
            sha256=saving.trailer_of(file),
            tool_version=self.site.tools.version(Program.ETCDCTL),
            utility_version=self.site.tools.version(Program.ETCDUTL),
            alarms=tuple(sorted(set(status.alarms.values()))),
            members=members,
            began=began,
            ended=ended,
            stamp=stamp,
            kubernetes=kubernetes,
            doubts=tuple(doubts),
        )

    def _fetch(self, session: Session, chosen: Chosen, file: Path, report: Report) -> None:
        part = file.with_name(f"{file.name}.part")
        total = chosen.member.status.db_size

        def stopping() -> bool:
            report.progress(Progress(done=_size(part), total=total, unit="bytes saved"))
            return report.stopping

        within = self.site.settings.save_timeout.total_seconds()
        session.save(chosen.member.endpoint, file, within=within, stopping=stopping)

    def _kubernetes(self) -> KubernetesFacts:
        """Whose etcd it should be; an API server that does not answer is no hindrance."""
        try:
            known = self.site.cluster.identity()
        except ClusterError:
            return KubernetesFacts()
        return KubernetesFacts(uid=known.uid, ca_hash=known.ca_hash, answered=True)

    def _write(
        self, name: str, part: str, source: BinaryIO | Iterator[bytes], report: Report
    ) -> Artefact:
        def progress(done: int) -> None:
            report.progress(Progress(done=done, unit="bytes stored"))
            if report.stopping:
                raise Stopped

        return self.store.write(name, part, source, progress=progress)

    def _write_companions(
        self, name: str, companions: list[Taken], report: Report
    ) -> Iterator[Artefact]:
        for taken in companions:
            if taken.file is not None:
                with taken.file.open("rb") as opened:
                    yield self._write(name, taken.part, opened, report)


def _size(part: Path) -> int:
    try:
        return part.stat().st_size
    except FileNotFoundError:  # not begun yet, or renamed: it is whole
        return 0


def _age(chosen: Chosen, revision: int) -> Iterator[str]:
    """The call is local to a member; what it named a moment before must be in the file."""
    named = chosen.member.status.header.revision
    if named > 1 and revision < named:
        yield f"it ends at revision {revision}, but the member named {named} before"


def _members(session: Session, chosen: Chosen) -> tuple[MemberFacts, ...]:
    """Who belongs to the cluster. Without quorum nobody tells before etcdctl 3.6."""
    try:
        listed = session.members(chosen.member.endpoint).members
    except BackendError:
        return ()
    return tuple(
        MemberFacts(
            id=f"{member.id:x}",
            name=member.name,
            peer_urls=tuple(member.peer_urls),
            client_urls=tuple(member.client_urls),
            learner=member.learner,
        )
        for member in listed
    )


def _companion(taken: Taken) -> CompanionFacts:
    part = taken.part if taken.file is not None else ""
    return CompanionFacts(name=taken.name, part=part, missing=taken.missing)
