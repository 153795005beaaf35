"""Looks over one cluster. Whatever is wrong becomes a finding with its way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from slackwater.backend.needed_rights import Need
from slackwater.errors import (
    BackendError,
    ClusterDenied,
    ClusterError,
    PermissionDenied,
    SlackwaterError,
)
from slackwater.model.finding import Finding
from slackwater.model.wording import counted
from slackwater_csi import labels
from slackwater_csi.backup_planning import CLASS_WAY_OUT
from slackwater_csi.errors import NOT_INSTALLED, TOOL
from slackwater_csi.holders import held_for, is_left
from slackwater_csi.objects import Pod, Snapshot, Volume
from slackwater_csi.resources import CONTENTS, GROUP, PODS, SNAPSHOTS, VERSION, VOLUMES
from slackwater_csi.rights import needs, rights
from slackwater_csi.site import Site
from slackwater_csi.surroundings import Surroundings
from slackwater_csi.voice import Voice

_NEEDED_TO_RESTORE = {str(SNAPSHOTS), str(CONTENTS)}
_UNSEEN_FOR = timedelta(minutes=2)
"""A controller writes the first status within a second (measured)."""


@dataclass(frozen=True)
class Checker:
    """Checks one cluster."""

    site: Site
    seen: Surroundings

    @property
    def _voice(self) -> Voice:
        return self.site.voice

    def check(self) -> Iterator[Finding]:
        """Yield every finding. Never raises what the cluster or the store answers."""
        yield from self._store()
        found = self._served()
        if found is not None:
            yield found
            return
        parts = (self._rights, self._classes, self._drivers, self._controller, self._old_volumes,
                 self._held_pods)  # fmt: skip
        for part in parts:
            yield from self._guarded(part)

    def _store(self) -> Iterator[Finding]:
        if not self.site.settings.store:
            yield self._voice.error(
                "no-store",
                self._voice.cluster,
                "no store for manifests is named, so there are no backups",
                "add one under stores in the fleet file, and name it under csi: store",
            )
            return
        try:
            for finding in self.site.store().check():
                yield finding.model_copy(update={"cluster": self._voice.cluster, "tool": TOOL})
        except SlackwaterError as error:
            way_out = error.hint or "see that the store answers"
            subject = self.site.settings.store
            yield self._voice.error("store-unavailable", subject, str(error), way_out)

    def _served(self) -> Finding | None:
        try:
            if self.seen.served:
                return None
        except (BackendError, ClusterError) as error:
            failed = self._failed("unreachable", error)
            return failed.model_copy(update={"stops_restores": True})
        return self._voice.stop(
            "not-installed",
            self._voice.cluster,
            f"the API does not serve {GROUP}/{VERSION}: the cluster has no volume snapshots",
            NOT_INSTALLED,
        )

    def _guarded(self, part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from part()
        except PermissionDenied:
            return  # the rights that are missing are findings of their own
        except (BackendError, ClusterError) as error:
            yield self._failed("check-failed", error)

    def _failed(self, code: str, error: BackendError | ClusterError) -> Finding:
        denied = isinstance(error, (PermissionDenied, ClusterDenied))
        way_out = error.hint or (self._grant() if denied else "kubectl get --raw /readyz?verbose")
        return self._voice.error(code, self._voice.cluster, str(error), way_out)

    def _grant(self) -> str:
        settings = self.site.settings
        asked = " objects" * settings.objects + " hooks" * settings.hooks
        return f"python -m slackwater_csi.rights NAMESPACE/ACCOUNT{asked} | kubectl apply -f -"

    def _rights(self) -> Iterator[Finding]:
        """One finding for each kind that something is missing for."""
        groups = self.site.settings.groups and self.seen.groups is not None
        settings = self.site.settings
        wanted = needs(objects=settings.objects, groups=groups, hooks=settings.hooks)
        asked = dict(rights(wanted))
        allowed = self.site.here.cluster.can_i(asked)
        missing: dict[Need, list[str]] = {}
        for right, need in asked.items():
            if not allowed[right]:
                missing.setdefault(need, []).append(right.verb)
        for need, verbs in missing.items():
            say = self._voice.warning if need.optional else self._voice.error
            if str(need) in _NEEDED_TO_RESTORE:
                say = self._voice.stop
            what = "'*.*'" if str(need) == "any kind" else str(need)
            yield say(
                "right-missing",
                str(need),
                f"not allowed to {', '.join(verbs)} {need} (needed for: {need.purpose})",
                f"{self._grant()}; to look: kubectl auth can-i {verbs[0]} {what}",
            )

    def _classes(self) -> Iterator[Finding]:
        if not self.seen.classes:
            yield self._voice.error(
                "no-snapshot-class",
                self._voice.cluster,
                "the cluster has no VolumeSnapshotClass, so no volume can be snapshotted",
                "make one for each CSI driver that has snapshots; its documentation shows it",
            )
        for driver in sorted(self.seen.drivers() | set(self.site.settings.classes)):
            choice = self.seen.class_for(driver)
            if choice.why_not:
                code = "two-default-classes" if "default" in choice.why_not else "class-missing"
                yield self._voice.error(code, driver, choice.why_not, CLASS_WAY_OUT)

    def _drivers(self) -> Iterator[Finding]:
        """Volumes whose driver no class is for: found out now, not at the restore."""
        volumes = [v for v in self.site.here.list(VOLUMES, Volume) if v.spec.get("claimRef")]
        used = Counter(volume.driver for volume in volumes)
        for driver, count in sorted(used.items()):
            if driver and driver not in self.seen.drivers():
                yield self._voice.info(  # another tool may hold them: what none holds, core finds
                    "driver-without-class",
                    driver,
                    f"{counted(count, 'volume')} of {driver} cannot be snapshotted: no"
                    " VolumeSnapshotClass is for it",
                    "make one, if the driver has snapshots; else use a tool that copies files",
                )

    def _controller(self) -> Iterator[Finding]:
        """Nobody but its work tells whether a controller runs."""
        now = self.site.clock()
        unseen = [
            each
            for each in self.site.here.list(SNAPSHOTS, Snapshot)
            if each.status is None
            and each.metadata.creation_timestamp is not None
            and now - each.metadata.creation_timestamp > _UNSEEN_FOR
        ]
        if unseen:
            first = unseen[0].metadata
            yield self._voice.error(
                "no-controller",
                f"{first.namespace}/{first.name}",
                f"{len(unseen)} snapshots have been waiting for longer than "
                f"{_UNSEEN_FOR.seconds // 60} minutes, and no controller has looked at them",
                "see that snapshot-controller runs: kubectl get deployments -A | grep "
                "snapshot-controller",
            )

    def _old_volumes(self) -> Iterator[Finding]:
        for volume in self.site.here.list(VOLUMES, Volume):
            was = volume.metadata.annotation(labels.WAS)
            if was:
                yield self._voice.info(
                    "old-volume-kept",
                    volume.name,
                    f"volume {volume.name} was that of {was} before a restore in place: kept",
                    f"release it when it is not needed: kubectl delete pv {volume.name}, and its "
                    "data in the storage system",
                )

    def _held_pods(self) -> Iterator[Finding]:
        """A process that was killed may have left pods that a hook has told to hold still."""
        for pod in self.site.here.list(PODS, Pod, selector=labels.HELD):
            if is_left(pod, self.site.clock()):
                yield self._voice.warning(
                    "pod-held",
                    pod.place,
                    f"pod {pod.place} was told to hold still for snapshots, and nobody has let it "
                    f"go: {held_for(pod)}",
                    "slackwater runs resume, or cancel, lets it go; so does the next backup with "
                    "hooks",
                )
