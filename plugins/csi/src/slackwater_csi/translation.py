"""Manifests and snapshots to recovery points. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from slackwater.model.finding import Finding
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import (
    Contents,
    DataSight,
    HeldVolume,
    Place,
    PointId,
    RecoveryPoint,
    Stamp,
)
from slackwater.model.wording import counted, in_bytes
from slackwater.model.workload import Scope
from slackwater.stores import Manifest
from slackwater_csi import labels
from slackwater_csi.describing import SAME_STORAGE
from slackwater_csi.errors import TOOL
from slackwater_csi.facts import PointFacts, VolumeFacts
from slackwater_csi.objects import Content, Snapshot
from slackwater_csi.states import Word, state_of
from slackwater_csi.told_hooks import hook_findings, how_long, lost_findings
from slackwater_csi.voice import Voice

_PHASES = {
    Word.UNSEEN: Phase.PENDING,
    Word.WORKING: Phase.RUNNING,
    Word.COMPLAINING: Phase.RUNNING,
    Word.READY: Phase.SUCCEEDED,
    Word.LEAVING: Phase.UNKNOWN,
    Word.STRANGE: Phase.UNKNOWN,
}


def local_store(uid: str) -> str:
    """Return where snapshots lie that only their cluster knows: in that cluster's storage.

    The same storage system may serve two clusters; nothing tells, so nothing is taken for one.
    """
    return f"snapshots of cluster {uid}"


def adopted_id(uid: str, snapshot: Snapshot) -> PointId:
    """Return who the point is that a snapshot without a manifest makes, in the cluster so named."""
    return PointId(tool=TOOL, store=local_store(uid), name=snapshot.content)


@dataclass(frozen=True)
class Translator:
    """Translates what one cluster sees, by its own uid and the store that it uses."""

    voice: Voice
    uid: str
    store_name: str = ""
    store: str = ""

    def point(self, name: str, facts: PointFacts, doubts: Mapping[str, str]) -> RecoveryPoint:
        """Return a recovery point, with its contents: its manifest has them all.

        ``doubts`` say by claim why nobody vouches for a snapshot any more: what may be gone is
        not held.
        """
        volumes = tuple(
            volume.model_copy(update={"held": False, "reason": doubts[volume.claim]})
            if volume.claim in doubts
            else volume
            for volume in facts.volumes
        )
        told = facts.model_copy(update={"volumes": volumes})
        return self._bare(name).model_copy(update=self._known(told, name))

    def strange(self, manifest: Manifest) -> RecoveryPoint:
        """Return the point of a manifest whose facts are not ours to read: ``unknown``, and never
        taken for good.
        """
        message = "its manifest says nothing of CSI snapshots that is known here"
        return self.unreadable(self.voice.warning("manifest-strange", manifest.name, message))

    def unreadable(self, finding: Finding) -> RecoveryPoint:
        """Return the point that a finding is about: its name is known, and nothing else."""
        here = {"cluster": self.voice.cluster, "tool": TOOL}
        found = finding.model_copy(update=here)
        return self._bare(finding.subject).model_copy(update={"findings": (found,)})

    def adopted(self, snapshot: Snapshot, content: Content | None = None) -> RecoveryPoint:
        """Return a snapshot without a manifest as the point of a single volume.

        With its content, it is looked into: then it tells what it holds.
        """
        known = {content.name: content} if content else {}
        state = state_of(snapshot, known)
        # A list does not look at contents: what says that it is ready is taken at its word there.
        unread = content is None and state.word is Word.STRANGE and _says_ready(snapshot)
        word = Word.READY if unread else state.word
        space, claim = snapshot.metadata.namespace, snapshot.claim
        stamp = _stamp(snapshot)
        findings = [self._adopted(snapshot, stamp)]
        if word is not Word.READY and state.message:
            findings.append(self.voice.warning("snapshot-not-ready", snapshot.name, state.message))
        return RecoveryPoint(
            id=adopted_id(self.uid, snapshot),
            phase=_PHASES[word],
            scope=Scope(volumes=((space, claim),) if claim else ()),
            begin=snapshot.taken,
            end=snapshot.taken,
            origin=stamp.cluster if stamp else "",
            contents=_contents_of(snapshot, word) if content else None,
            places=(Place(cluster=self.voice.cluster, store_name="", writable=True),),
            stamp=stamp,
            made_by=f"VolumeSnapshot {space}/{snapshot.name}",
            tool_phase=word.value,
            findings=tuple(findings),
            data=DataSight() if word is Word.READY else None,
        )

    def _bare(self, name: str) -> RecoveryPoint:
        return RecoveryPoint(
            id=PointId(tool=TOOL, store=self.store, name=name),
            phase=Phase.UNKNOWN,
            scope=Scope(),
            places=(Place(cluster=self.voice.cluster, store_name=self.store_name),),
        )

    def _known(self, facts: PointFacts, name: str) -> dict[str, object]:
        stamp = facts.stamp
        whole = all(volume.held for volume in facts.volumes) and not _unquiet(facts)
        phase = Phase.SUCCEEDED if whole else Phase.PARTIAL
        scope = (
            Scope(volumes=((facts.namespace, facts.claim),))
            if facts.claim
            else Scope(namespaces=(facts.namespace,))
        )
        here = stamp is not None and stamp.cluster_uid == self.uid
        place = Place(cluster=self.voice.cluster, store_name=self.store_name, writable=here)
        return {
            "phase": Phase.UNKNOWN if facts.deleting else phase,
            "scope": scope,
            "begin": facts.began,
            "end": facts.ended,
            "origin": stamp.cluster if stamp else "",
            "contents": _contents(facts),
            "places": (place,),
            "stamp": stamp,
            "made_by": f"policy {stamp.policy}" if stamp and stamp.policy else "slackwater",
            "tool_phase": "being deleted" if facts.deleting else "kept",
            "findings": tuple(self._findings(facts, name)),
            "data": DataSight() if facts.volumes else None,
        }

    def _findings(self, facts: PointFacts, name: str) -> Iterator[Finding]:
        voice = self.voice
        if facts.deleting:
            yield voice.warning(
                "half-deleted",
                name,
                "its deletion was begun and has not come to its end",
                "delete it again",
            )
        for volume in facts.volumes:
            if not volume.held:
                lost = " by now" if volume.handle else ""
                said = f"volume {volume.claim} is not in it{lost}: {volume.reason}"
                yield voice.warning("volume-skipped", name, said)
        yield from hook_findings(facts.hooks, facts.namespace, voice)
        yield from lost_findings(facts.lost, facts.namespace, voice)
        if not facts.lost:
            yield from how_long(facts.hooks, facts.namespace, voice)
        if len(facts.held) > 1 and facts.group is None:
            yield voice.info(
                "not-one-moment",
                name,
                f"its {len(facts.held)} volumes were snapshotted within {facts.spread:.1f} s, each "
                "at a moment of its own",
            )
        if facts.held:
            yield voice.info("same-storage", name, f"its {SAME_STORAGE}")

    def _adopted(self, snapshot: Snapshot, stamp: Stamp | None) -> Finding:
        ours = "its backup has not published it (yet)" if stamp else "somebody else made it"
        return self.voice.info(
            "no-manifest",
            snapshot.name,
            f"no store keeps the manifest of its claim: {ours}. By itself it cannot be brought "
            f"back, only into a claim that stands; and {SAME_STORAGE}",
            "back the namespace up by a policy",
        )


def _says_ready(snapshot: Snapshot) -> bool:
    return snapshot.status is not None and snapshot.status.ready_to_use is True


def _stamp(snapshot: Snapshot) -> Stamp | None:
    text = snapshot.metadata.annotation(labels.STAMP)
    try:
        return Stamp.model_validate(json.loads(text)) if text else None
    except ValueError:  # somebody else's hand
        return None


def _contents(facts: PointFacts) -> Contents:
    method = "CSI group snapshot" if facts.group else "CSI snapshot"
    counts = {facts.namespace: facts.objects + facts.claims} if facts.with_objects else {}
    return Contents(
        objects=counts,
        volumes=tuple(_held(volume, method) for volume in facts.volumes),
        summary=_summary(facts),
    )


def _held(volume: VolumeFacts, method: str) -> HeldVolume:
    return HeldVolume(
        namespace=volume.namespace,
        claim=volume.claim,
        held=volume.held,
        volume=volume.handle,
        method=method if volume.held else "",
        reason=volume.reason,
        size=volume.size,
    )


def _unquiet(facts: PointFacts) -> bool:
    failed = any(hook.failed and hook.required for hook in facts.hooks)
    return failed or any(pod.required for pod in facts.lost)


def _summary(facts: PointFacts) -> str:
    size = in_bytes(sum(volume.size or 0 for volume in facts.held))
    moment = "at one moment" if facts.group else f"within {facts.spread:.1f} s"
    ran = f", {counted(len(facts.hooks), 'hook')} ran" if facts.hooks else ""
    return f"{len(facts.held)} volumes {moment}, {size}, in their own storage system{ran}"


def _contents_of(snapshot: Snapshot, word: Word) -> Contents:
    held = HeldVolume(
        namespace=snapshot.metadata.namespace,
        claim=snapshot.claim,
        held=word is Word.READY,
        method="CSI snapshot",
        reason="" if word is Word.READY else word.value,
        size=snapshot.size,
    )
    return Contents(volumes=(held,), summary="one volume, in its own storage system")
