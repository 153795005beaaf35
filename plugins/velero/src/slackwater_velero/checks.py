"""Looks over one installation. Whatever is wrong becomes a finding with its way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slackwater.errors import BackendError, ClusterDenied, ClusterError, PermissionDenied
from slackwater.model.finding import Finding
from slackwater_velero.access import Velero
from slackwater_velero.backup_review import review_backups
from slackwater_velero.locations import Location, default_location, read_locations
from slackwater_velero.objects import (
    Backup,
    DeleteRequest,
    Schedule,
    ScheduleStatus,
    StorageLocation,
)
from slackwater_velero.resources import (
    BACKUPS,
    DELETE_REQUESTS,
    LOCATIONS,
    RESTORES,
    SCHEDULES,
)
from slackwater_velero.rights import rights
from slackwater_velero.server import DEVELOPED_ON, ask_server
from slackwater_velero.settings import VeleroSettings
from slackwater_velero.voice import Voice

_SERVED = "/apis/velero.io/v1"
_NEEDED_TO_RESTORE = {str(BACKUPS), str(RESTORES)}
_BROKEN = {
    "v1.18.1": "it lists every kind in every namespace one by one (velero issue 9869): "
    "backups take many times as long; use 1.18.2 or later"
}


@dataclass(frozen=True)
class Checker:
    """Checks one installation at one time."""

    velero: Velero
    settings: VeleroSettings
    voice: Voice
    now: datetime

    def check(self) -> Iterator[Finding]:
        """Yield every finding. Never raises what the cluster or the tool answers."""
        try:
            served = self.velero.find_at(_SERVED, "look up velero.io/v1", dict[str, object])
        except (BackendError, ClusterError) as error:
            failed = self._failed("unreachable", self.voice.cluster, error)
            yield failed.model_copy(update={"stops_restores": True})
            return
        if served is None:
            yield self.voice.stop(
                "not-installed",
                self.voice.cluster,
                "Velero is not installed: the API does not serve velero.io/v1",
                "install it (https://velero.io/docs/v1.18/basic-install/); to see what is there: "
                "kubectl get crd -o name | grep velero.io",
            )
            return
        for part in (self._rights, self._locations, self._server, self._backups, self._schedules):
            yield from self._guarded(part)

    def _guarded(self, part: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        try:
            yield from part()
        except PermissionDenied:
            return  # the rights that are missing are findings of their own
        except (BackendError, ClusterError) as error:
            yield self._failed("check-failed", self.voice.cluster, error)

    def _failed(self, code: str, subject: str, error: BackendError | ClusterError) -> Finding:
        way_out = error.hint or (
            f"python -m slackwater_velero.rights {self.velero.namespace} NAMESPACE/ACCOUNT | "
            "kubectl apply -f -"
            if isinstance(error, (PermissionDenied, ClusterDenied))
            else "kubectl get --raw /readyz?verbose"
        )
        return self.voice.error(code, subject, str(error), way_out)

    def _rights(self) -> Iterator[Finding]:
        """One finding for each kind that something is missing for."""
        asked = dict(rights(self.velero.namespace))
        allowed = self.velero.cluster.can_i(asked)
        missing: dict[str, list[str]] = {}
        for right, need in asked.items():
            if not allowed[right]:
                missing.setdefault(str(need.kind), []).append(right.verb)
        purposes = {str(need.kind): need for need in asked.values()}
        for kind, verbs in missing.items():
            need = purposes[kind]
            say = self.voice.warning if need.optional else self.voice.error
            if kind in _NEEDED_TO_RESTORE:
                say = self.voice.stop
            yield say(
                "right-missing",
                kind,
                f"not allowed to {', '.join(verbs)} {kind} (needed for: {need.purpose})",
                f"python -m slackwater_velero.rights {self.velero.namespace} NAMESPACE/ACCOUNT | "
                "kubectl apply -f -; to look: "
                + self.voice.kubectl(f"auth can-i {verbs[0]} {kind}"),
            )

    def _locations(self) -> Iterator[Finding]:
        locations = read_locations(self.velero)
        if not locations:
            yield self._no_location()
            return
        wanted = self.settings.location
        used = locations.get(wanted) if wanted else default_location(locations)
        if used is None:
            yield self._no_choice(wanted, locations)
        for location in locations.values():
            yield from self._one_location(location, used=location is used)

    def _no_location(self) -> Finding:
        """Objects in another namespace than the server's are ignored by it, without a word."""
        namespace = self.velero.namespace
        elsewhere = self._namespaces_elsewhere()
        if elsewhere:
            return self.voice.error(
                "wrong-namespace",
                namespace,
                f"namespace {namespace} has no BackupStorageLocation, but {elsewhere[0]} has: "
                "Velero seems to live there",
                f"say namespace: {elsewhere[0]} in the fleet file",
            )
        return self.voice.error(
            "no-location",
            namespace,
            f"namespace {namespace} has no BackupStorageLocation",
            f"velero -n {namespace} backup-location create NAME --provider … --bucket … --default",
        )

    def _namespaces_elsewhere(self) -> list[str]:
        try:
            found = self.velero.list(LOCATIONS, StorageLocation, everywhere=True)
            return sorted({each.metadata.namespace for each in found})
        except PermissionDenied:
            return []

    def _no_choice(self, wanted: str, locations: Mapping[str, Location]) -> Finding:
        known = ", ".join(sorted(locations))
        if wanted:
            return self.voice.error(
                "no-location",
                wanted,
                f"there is no BackupStorageLocation {wanted} (known here: {known})",
                "correct location: in the fleet file",
            )
        first = min(locations)
        return self.voice.error(
            "no-default-location",
            "backupstoragelocations",
            f"none of the BackupStorageLocations is the default (known here: {known})",
            self.voice.kubectl(
                f"patch backupstoragelocation {first} --type merge "
                """-p '{"spec":{"default":true}}'"""
            ),
        )

    def _one_location(self, location: Location, *, used: bool) -> Iterator[Finding]:
        name = location.name
        if not location.available:
            say = self.voice.error if used else self.voice.warning
            yield say(
                "store-unavailable",
                name,
                f"location {name} is not available: "
                f"{location.message or 'Velero has not looked at it yet'}",
                self.voice.kubectl(f"get backupstoragelocation {name} -o yaml"),
            )
        if used and not location.writable:
            yield self.voice.error(
                "store-read-only",
                name,
                f"location {name} is read-only, so no backup can be written there",
                "name another location in the fleet file",
            )
        if not location.verifies:
            yield self.voice.warning(
                "tls-unverified",
                name,
                f"location {name} says insecureSkipTLSVerify: anybody in "
                "between can read and change what is stored",
            )

    def _server(self) -> Iterator[Finding]:
        answer = ask_server(self.velero, self.settings.answer_within)
        if answer is None:
            yield self.voice.stop(
                "server-silent",
                self.velero.namespace,
                f"no Velero server answered in namespace {self.velero.namespace} within "
                f"{self.settings.answer_within:g} s: new backups stay New",
                self.voice.kubectl("get pods; kubectl -n " + self.velero.namespace)
                + " logs deployment/velero --tail=50",
            )
        elif answer.server_version in _BROKEN:
            yield self.voice.error(
                "version-broken",
                answer.server_version,
                f"Velero {answer.server_version}: {_BROKEN[answer.server_version]}",
                "upgrade Velero",
            )
        elif answer.server_version != DEVELOPED_ON:
            yield self.voice.info(
                "version-untested",
                answer.server_version,
                f"Velero {answer.server_version} is untested: developed on {DEVELOPED_ON}",
            )

    def _backups(self) -> Iterator[Finding]:
        locations = read_locations(self.velero)
        backups = list(self.velero.list(BACKUPS, Backup))
        requests = self._delete_requests()
        uid = self._cluster_uid()
        yield from review_backups(
            backups, requests, locations, cluster_uid=uid, voice=self.voice, now=self.now
        )

    def _cluster_uid(self) -> str:
        """Which cluster this is; empty where we may not know."""
        try:
            return self.velero.cluster.identity().uid
        except ClusterDenied:
            return ""

    def _delete_requests(self) -> Sequence[DeleteRequest]:
        try:
            return list(self.velero.list(DELETE_REQUESTS, DeleteRequest))
        except PermissionDenied:
            return ()

    def _schedules(self) -> Iterator[Finding]:
        """Paused ones are told by whoever reads all schedules; what never runs, only here."""
        for schedule in self.velero.list(SCHEDULES, Schedule):
            name, status = schedule.metadata.name, schedule.status or ScheduleStatus()
            if status.phase == "FailedValidation":
                yield self.voice.error(
                    "schedule-invalid",
                    name,
                    f"schedule {name} is not valid: {'; '.join(status.validation_errors or ())}",
                    self.voice.kubectl(f"edit schedule {name}"),
                )
