"""Manifests to recovery points. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Contents, Place, PointId, RecoveryPoint
from slackwater.model.wording import in_bytes
from slackwater.model.workload import Scope
from slackwater.stores import Manifest
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.facts import SNAPSHOT_PART, SnapshotFacts
from slackwater_etcdctl.voice import Voice


@dataclass(frozen=True)
class Translator:
    """Translates what one cluster sees in one store, by the store's name and identity."""

    voice: Voice
    store_name: str
    store: str

    def point(self, manifest: Manifest, there: Mapping[str, int]) -> RecoveryPoint:
        """Return the recovery point of a manifest, with its contents: the manifest has them all.

        ``there`` are the artefacts that the store holds, by key, with their sizes in bytes. A point
        that has lost its snapshot has failed, whatever its manifest says. One whose facts are not
        ours to read is ``unknown``: listed, and never taken for good.
        """
        facts = read_facts(manifest)
        if facts is None:
            message = "its manifest says nothing of an etcd snapshot that is known here"
            return self.unreadable(self.voice.warning("manifest-strange", manifest.name, message))
        lost = manifest.lost(there)
        findings = (*self._lost(manifest.name, lost), *self._findings(facts, manifest))
        known = {**self._known(facts), "findings": findings}
        if SNAPSHOT_PART in lost:
            known |= {"phase": Phase.FAILED, "contents": None, "tool_phase": "snapshot lost"}
        return self._bare(manifest.name).model_copy(update=known)

    def unreadable(self, finding: Finding) -> RecoveryPoint:
        """Return the point that a finding is about: its name is known, and nothing else."""
        here = {"cluster": self.voice.cluster, "tool": TOOL}
        found = finding.model_copy(update=here)
        return self._bare(finding.subject).model_copy(update={"findings": (found,)})

    def _bare(self, name: str) -> RecoveryPoint:
        return RecoveryPoint(
            id=PointId(tool=TOOL, store=self.store, name=name),
            phase=Phase.UNKNOWN,
            scope=Scope(control_plane=True),
            places=(Place(cluster=self.voice.cluster, store_name=self.store_name, writable=True),),
        )

    def _known(self, facts: SnapshotFacts) -> dict[str, object]:
        doubted = facts.doubts or not facts.verified
        return {
            "phase": Phase.PARTIAL if doubted else Phase.SUCCEEDED,
            "begin": facts.began,
            "end": facts.ended,
            "origin": facts.stamp.cluster if facts.stamp else "",
            "contents": _contents(facts) if facts.verified else None,
            "stamp": facts.stamp,
            "made_by": f"etcdctl {facts.tool_version} from {facts.member_name or facts.member_id}",
            "tool_phase": "verified" if facts.verified else "not verified",
        }

    def _lost(self, name: str, parts: tuple[str, ...]) -> Iterator[Finding]:
        for part in parts:
            yield self.voice.error(
                "artefact-lost",
                name,
                f"{part} does not lie in the store {self.store_name} as it was written",
                "back up again; see who or what deletes objects in the store",
            )

    def _findings(self, facts: SnapshotFacts, manifest: Manifest) -> Iterator[Finding]:
        name, voice = manifest.name, self.voice
        for doubt in facts.doubts:
            yield voice.warning("snapshot-doubtful", name, doubt)
        if not facts.verified:
            yield voice.warning("not-verified", name, "nobody has checked the snapshot yet")
        for alarm in facts.alarms:
            yield voice.warning("alarm", name, f"taken under an alarm: {alarm}")
        for companion in facts.companions:
            if companion.missing:
                yield voice.warning(
                    "companion-missing",
                    name,
                    f"{companion.name} is {'not whole' if companion.present else 'not in it'}: "
                    f"{companion.missing}",
                    "keep it elsewhere: without it a restored control plane may not start",
                )


def read_facts(manifest: Manifest) -> SnapshotFacts | None:
    """Return what a manifest says of its snapshot, or None where it says nothing that we know."""
    if all(artefact.part != SNAPSHOT_PART for artefact in manifest.artefacts):
        return None
    try:
        return SnapshotFacts.model_validate(manifest.facts)
    except ValidationError:
        return None


def _contents(facts: SnapshotFacts) -> Contents:
    return Contents(
        objects={"": facts.total_keys},
        summary=f"revision {facts.revision}, {facts.total_keys} keys, {in_bytes(facts.size)}",
    )
