"""Performs a backup: choose a member, save, check, encrypt and store; the manifest comes last."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from slackwater.backend import Report, Stopped
from slackwater.errors import BackendError, ClusterError, RecoveryPointNotFound
from slackwater.model.act import Act, Key
from slackwater.model.operation import Progress
from slackwater.model.recovery_point import Stamp
from slackwater.stores import Artefact, ArtefactStore, Manifest, Measure
from slackwater_etcdctl import saving
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.acts import table, text
from slackwater_etcdctl.arriving import Arriving, part_of
from slackwater_etcdctl.choosing import Chosen, choose
from slackwater_etcdctl.companions import Taken, take
from slackwater_etcdctl.comparing import disagreements
from slackwater_etcdctl.counting import held_at
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.facts import (
    SNAPSHOT_PART,
    CompanionFacts,
    KubernetesFacts,
    MemberFacts,
    SnapshotFacts,
)
from slackwater_etcdctl.halting import Halt
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.tools import Program


@dataclass(frozen=True)
class _Begun:
    """A snapshot that is to come into the spool, and what was known before."""

    file: Path
    chosen: Chosen
    kubernetes: KubernetesFacts
    began: datetime


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
        """Store the snapshot while it comes, and examine it meanwhile: its last bytes follow when
        all is well.
        """
        self.site.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=self.site.spool, prefix="backup-") as made,
            self.site.session() as session,
            ThreadPoolExecutor(2) as beside,
        ):
            folder, halt = Path(made), Halt(report)
            begun = self._begin(session, folder / SNAPSHOT_PART, stamp)
            saved = beside.submit(self._fetch, session, begun, halt)
            examined = beside.submit(self._examine, session, begun, saved, halt)
            with halt:
                arriving = Arriving(begun.file, saved)
                artefacts = [self._write_snapshot(name, arriving, examined, halt)]
                companions = list(take(self.site.settings.companions, folder))
                artefacts += self._write_companions(name, companions, halt)
            told = [_companion(taken) for taken in companions]
            known = {"stamp": stamp, "verified": True, "companions": tuple(told)}
            facts = examined.result().model_copy(update=known)
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

    def _begin(self, session: Session, file: Path, stamp: Stamp) -> _Begun:
        kubernetes = self._kubernetes()
        chosen = choose(session, self.site.settings, kubernetes.uid or stamp.cluster_uid)
        saving.need_room(file.parent, chosen.member.status.db_size, self.site.cluster.name)
        return _Begun(file, chosen, kubernetes, self.clock())

    def _examine(
        self, session: Session, begun: _Begun, saved: Future[None], report: Halt
    ) -> SnapshotFacts:
        """Look at the structure, compare the members; return all that is known then."""
        saved.result()
        chosen, file, ended = begun.chosen, begun.file, self.clock()
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
            began=begun.began,
            ended=ended,
            kubernetes=begun.kubernetes,
            objects=self._objects(begun, found.revision),
            doubts=tuple(doubts),
        )

    def _fetch(self, session: Session, begun: _Begun, report: Halt) -> None:
        part, member = part_of(begun.file), begun.chosen.member
        total = member.status.db_size

        def stopping() -> bool:
            report.progress(Progress(done=_size(part), total=total, unit="bytes saved"))
            return report.stopping

        within = self.site.settings.save_timeout.total_seconds()
        session.save(member.endpoint, begun.file, within=within, stopping=stopping)

    def _kubernetes(self) -> KubernetesFacts:
        """Whose etcd it should be; an API server that does not answer is no hindrance."""
        try:
            known = self.site.cluster.identity()
        except ClusterError:
            return KubernetesFacts()
        ahead = 0.0
        with suppress(ClusterError):
            ahead = self.site.cluster.server_time_offset().seconds
        return KubernetesFacts(
            uid=known.uid, ca_hash=known.ca_hash, answered=True, clock_ahead=ahead
        )

    def _objects(self, begun: _Begun, revision: int) -> Mapping[str, int]:
        """Soon after the save: the revision is forgotten within minutes."""
        return held_at(self.site.cluster, revision) if begun.kubernetes.answered else {}

    def _write_snapshot(
        self, name: str, arriving: Arriving, examined: Future[SnapshotFacts], report: Halt
    ) -> Artefact:
        measure = Measure()
        chunks = saving.measured_chunks(arriving, self.site.cluster.name, measure, examined.result)

        def progress(done: int) -> None:
            if arriving.saved.done():  # until then it is told how much of it has come
                _heed(report, done)
            if examined.done():
                examined.result()  # raises what was found wrong: no need to store the rest

        return self.store.write(name, SNAPSHOT_PART, chunks, progress=progress, measure=measure)

    def _write_companions(
        self, name: str, companions: list[Taken], report: Halt
    ) -> Iterator[Artefact]:
        for taken in companions:
            if taken.file is not None:
                with taken.file.open("rb") as opened:
                    yield self.store.write(
                        name, taken.part, opened, progress=lambda done: _heed(report, done)
                    )


def _heed(report: Halt, stored: int) -> None:
    report.progress(Progress(done=stored, unit="bytes stored"))
    if report.stopping:
        raise Stopped


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
