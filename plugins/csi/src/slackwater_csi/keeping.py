"""Makes snapshots count: contents set to Retain, both ways of binding looked at, then published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from slackwater.backend import Report, Stopped
from slackwater.clusters import Object
from slackwater.errors import BackendError
from slackwater.model.act import Key
from slackwater.model.operation import Progress
from slackwater.stores import Manifest
from slackwater_csi import labels
from slackwater_csi.acts import BackupWork
from slackwater_csi.errors import TOOL, gone_wrong
from slackwater_csi.facts import DraftFacts, GroupFacts, PointFacts, VolumeFacts
from slackwater_csi.manifests import find_draft, find_point
from slackwater_csi.naming import point_name
from slackwater_csi.objects import Content, GroupSnapshot, Snapshot
from slackwater_csi.quieting import all_hooks
from slackwater_csi.reading import contents_of, groups_of_request, members, of_request
from slackwater_csi.resources import CONTENTS, SNAPSHOTS, GroupKinds
from slackwater_csi.site import Site
from slackwater_csi.states import mismatch

_RETAIN: Object = {"spec": {"deletionPolicy": "Retain"}}


@dataclass(frozen=True)
class Taken:
    """The snapshots of one generation, ready and bound, and their group, if they are one."""

    snapshots: Sequence[Snapshot]
    contents: Mapping[str, Content]
    group: GroupSnapshot | None = None


@dataclass(frozen=True)
class Keeper:
    """Keeps the snapshots of one backup."""

    site: Site
    work: BackupWork
    key: Key

    @property
    def _name(self) -> str:
        return point_name(self.work.stem, self.work.request, self.key)

    def keep(self, report: Report) -> PointFacts:
        """Return what is published under the point's name, by us or by another performer."""
        store, name = self.site.store(), self._name
        known = find_point(store, name)
        if known is not None:
            return known
        draft = find_draft(store, name)
        if draft is None:
            raise gone_wrong(
                f"the manifests of {name} are gone", self.site.cluster, "back up again"
            )
        taken = self._taken()
        for number, snapshot in enumerate(taken.snapshots, start=1):
            if report.stopping:
                raise Stopped
            self._retain(snapshot, name)
            report.progress(Progress(done=number, total=len(taken.snapshots), unit="snapshots"))
        if taken.group is not None:
            self._retain_group(taken.group)
        return self._publish(name, draft, taken)

    def _taken(self) -> Taken:
        """The newest generation that is whole."""
        if not self.work.claims:
            return Taken((), {})
        if self.work.group:
            return self._taken_group()
        found = of_request(self.site.here, self.work.request, self.key)
        contents = contents_of(self.site.here, found)
        whole = [each for each in _generations(found) if self._is_whole(each, contents)]
        if not whole:
            raise self._nothing(found, contents)
        return Taken(max(whole, key=_first), contents)

    def _taken_group(self) -> Taken:
        kinds = GroupKinds(self.work.group_version)
        here, space = self.site.here, self.work.namespace
        found = groups_of_request(here, self.work.request, self.key, kinds)
        for group in sorted(found, key=_made, reverse=True):
            own = members(here, space, group.name)
            contents = contents_of(here, own)
            if self._is_whole(own, contents):
                return Taken(own, contents, group)
        raise self._nothing((), {})

    def _is_whole(self, found: Sequence[Snapshot], contents: Mapping[str, Content]) -> bool:
        ready = [
            each
            for each in found
            if each.status is not None
            and each.status.ready_to_use is True
            and each.metadata.deletion_timestamp is None
            and not mismatch(each, contents.get(each.content))
        ]
        return {each.claim for each in ready} >= set(self.work.claims)

    def _nothing(self, found: Sequence[Snapshot], contents: Mapping[str, Content]) -> BackendError:
        wrong = [
            why
            for each in found
            if each.status is not None
            and each.status.ready_to_use
            and (why := mismatch(each, contents.get(each.content)))
        ]
        return gone_wrong(
            f"not all snapshots of {self.work.namespace} are there any more"
            + "".join(f"; {why}" for why in wrong),
            self.site.cluster,
            "somebody else deletes or changes VolumeSnapshots; back up again",
        )

    def _retain(self, snapshot: Snapshot, name: str) -> None:
        """Only what is retained survives its snapshot, and so its namespace."""
        mark = {"metadata": {"labels": {labels.POINT: name}}}
        after = self.site.here.patch(CONTENTS, snapshot.content, {**mark, **_RETAIN})
        if after is None or (after.get("spec") or {}).get("deletionPolicy") != "Retain":
            raise gone_wrong(f"{snapshot.content} could not be set to Retain", self.site.cluster)
        self.site.here.patch(SNAPSHOTS, snapshot.name, mark, namespace=snapshot.metadata.namespace)

    def _retain_group(self, group: GroupSnapshot) -> None:
        kinds = GroupKinds(self.work.group_version)
        if self.site.here.patch(kinds.contents, group.content, _RETAIN) is None:
            raise gone_wrong(f"{group.content} is gone", self.site.cluster)

    def _publish(self, name: str, draft: DraftFacts, taken: Taken) -> PointFacts:
        store = self.site.store()
        facts = self._facts(draft, taken)
        manifest = Manifest(
            name=name,
            tool=TOOL,
            made_at=self.site.clock(),
            facts=facts.as_manifest(),
            artefacts=(draft.artefact,),
        )
        made = PointFacts.model_validate(store.publish(manifest).facts)
        with suppress(BackendError):  # the backup counts already, whatever becomes of old remains
            store.sweep()
        return made

    def _facts(self, draft: DraftFacts, taken: Taken) -> PointFacts:
        # A group takes along what came after the plan; its manifest was not meant to be restored.
        planned = self.work.claims
        by_claim = {each.claim: each for each in taken.snapshots if each.claim in planned}
        volumes = tuple(
            _with_snapshot(volume, by_claim[volume.claim], taken.contents)
            if volume.claim in by_claim
            else volume
            for volume in draft.volumes
        )
        times = [volume.taken for volume in volumes if volume.taken]
        first = min(times, default=draft.ended)
        with_objects = self.work.objects
        group = taken.group
        held = self.work.held_within
        hooks, lost = all_hooks(self.site.store(), self._name) if held else ((), ())
        return PointFacts(
            namespace=self.work.namespace,
            claim=self.work.claim,
            volumes=volumes,
            group=GroupFacts(
                name=group.name, content=group.content, version=self.work.group_version
            )
            if group
            else None,
            objects=draft.objects,
            claims=draft.claims,
            with_objects=with_objects,
            labels=draft.labels,
            began=min(draft.began, first) if with_objects else first,
            ended=max([*times, draft.ended] if with_objects else times, default=draft.ended),
            stamp=self.work.stamp,
            hooks=hooks,
            lost=lost,
        )


def _generations(found: Sequence[Snapshot]) -> list[list[Snapshot]]:
    by_key: dict[str, list[Snapshot]] = {}
    for each in found:
        by_key.setdefault(each.metadata.label(labels.WHOLE_KEY), []).append(each)
    return list(by_key.values())


def _made(group: GroupSnapshot) -> str:
    return str(group.metadata.creation_timestamp)


def _first(found: Sequence[Snapshot]) -> str:
    return min(str(each.metadata.creation_timestamp) for each in found)


def _with_snapshot(
    volume: VolumeFacts, snapshot: Snapshot, contents: Mapping[str, Content]
) -> VolumeFacts:
    content = contents[snapshot.content]
    return volume.model_copy(
        update={
            "driver": content.spec.driver,
            "handle": content.handle,
            "snapshot": snapshot.name,
            "snapshot_uid": snapshot.metadata.uid,
            "content": content.name,
            "volume_mode": content.spec.source_volume_mode or volume.volume_mode,
            "size": snapshot.size,
            "taken": _taken(snapshot, content),
        }
    )


def _taken(snapshot: Snapshot, content: Content) -> datetime | None:
    """The content's time is finer; a driver that tells none is taken at the snapshot's making."""
    return content.taken or snapshot.taken or snapshot.metadata.creation_timestamp
