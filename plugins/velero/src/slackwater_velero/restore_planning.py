"""Plans a restore: what has to be shown, waited for, changed on the way, checked and cleaned up.

Asked of the backend in the target cluster. A Restore that names a Backup which is not there yet
ends as FailedValidation at once and for good, so the sync of the store is waited for first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import RestoreRequest
from slackwater.model.workload import WorkloadKind
from slackwater_velero.locations import Location, with_identity
from slackwater_velero.missing_stores import Shown, find_way
from slackwater_velero.modifiers import modifier_rules
from slackwater_velero.naming import store_name
from slackwater_velero.objects import Backup
from slackwater_velero.restore_acts import RestoreActs
from slackwater_velero.translation import is_phantom
from slackwater_velero.voice import TOOL, Voice


@dataclass(frozen=True)
class RestorePlanner:
    """Plans restores into one cluster. ``backup`` is the local object of the point's name."""

    request: RestoreRequest
    voice: Voice
    locations: Mapping[str, Location]
    backup: Backup | None
    acts: list[Act] = field(default_factory=list)

    def plan(self) -> ActPlan:
        """Return the acts in order. Raises ``Unsupported`` for what Velero cannot bring back."""
        _require_supported(self.request)
        local = with_identity(self.locations, self.request.point.id.store)
        if local is not None:
            return self._with_location(local, (*self._location_findings(local),))
        way = find_way(self.request, self.locations, self.voice)
        if isinstance(way, Finding):
            return ActPlan(findings=(way, *self._point_findings()))
        return self._with_store_shown(way)

    def _with_location(self, local: Location, findings: tuple[Finding, ...]) -> ActPlan:
        if not self._is_synced(local):
            self._add(self._make.wait_for_sync(local.name))
        self._add_restore(local.name)
        return ActPlan(acts=tuple(self.acts), findings=(*findings, *self._point_findings()))

    def _with_store_shown(self, shown: Shown) -> ActPlan:
        name = store_name(self.request.point.id.store)
        self._add(self._make.show_store(name, shown))
        self._add(self._make.wait_for_sync(name))
        self._add_restore(name)
        self._add(self._make.hide_store(name), after=("show-store", "restore", "verify"))
        return ActPlan(acts=tuple(self.acts), findings=(*self._point_findings(),))

    def _add(self, act: Act, *, after: tuple[str, ...] | None = None) -> None:
        """Add an act after the one before it, or after those named."""
        needs = tuple(act.id for act in self.acts[-1:]) if after is None else after
        self.acts.append(act.model_copy(update={"needs": needs}))

    def _add_restore(self, location: str) -> None:
        of_namespace = self.request.workload.kind is WorkloadKind.NAMESPACE
        chosen = of_namespace and self._add_kinds(location)
        rules = modifier_rules(self.request) if of_namespace else ""
        if rules:
            self._add(self._make.add_changes(rules))
        self._add(self._make.restore(with_changes=bool(rules)))
        self._add(self._make.verify(location))
        if chosen:
            self._add(self._make.drop_kinds(), after=("choose-kinds", "restore-kinds"))
        if rules:
            self._add(self._make.remove_changes(), after=("add-changes", "restore"))

    def _add_kinds(self, location: str) -> bool:
        """Bring along the definitions of custom resources; return whether they had to be chosen.

        Velero puts those of a namespace's own objects into its backup, and restores none of them
        where a Restore names namespaces. A backup of more than the namespace holds more of them.
        """
        scope = self.request.point.scope
        alone = scope.namespaces == (self.request.workload.namespace,)
        chosen = scope.cluster_objects or not alone
        if chosen:
            self._add(self._make.choose_kinds(location))
        self._add(self._make.restore_kinds(chosen=chosen))
        return chosen

    @property
    def _make(self) -> RestoreActs:
        return RestoreActs(self.request, self.voice)

    def _is_synced(self, local: Location) -> bool:
        """Whether the Backup stands here with all that belongs to it.

        Sync creates the Backup first and its volume records after it, and writes the time last.
        A Backup that was made here needs no sync: it was created before it ended.
        """
        backup = self.backup
        if backup is None or backup.spec.storage_location != local.name or is_phantom(backup):
            return False
        created, synced = backup.metadata.creation_timestamp, local.last_synced
        found = created is not None and synced is not None and synced >= created
        return backup.made_here or found

    def _location_findings(self, local: Location) -> Iterator[Finding]:
        voice, origin = self.voice, self.request.point.origin
        if not local.available:
            yield voice.error(
                "store-unavailable",
                local.name,
                f"location {local.name} is not available: "
                f"{local.message or 'Velero has not looked at it yet'}",
                voice.kubectl(f"get backupstoragelocation {local.name} -o yaml"),
            )
        if local.writable and origin and origin != voice.cluster:
            yield voice.warning(
                "two-writers",
                local.name,
                f"{voice.cluster} may write to the store of {origin}: its Velero also deletes what "
                "has expired there, and two clusters may use one name",
                voice.kubectl(
                    f"patch backupstoragelocation {local.name} --type merge "
                    """-p '{"spec":{"accessMode":"ReadOnly"}}'"""
                ),
            )
        backup = self.backup
        if backup is not None and (backup.spec.storage_location or "") != local.name:
            yield _name_taken(voice, backup)

    def _point_findings(self) -> Iterator[Finding]:
        point = self.request.point
        if not point.phase.usable:
            yield self.voice.error(
                "not-usable", point.name, f"its backup is {point.phase} ({point.tool_phase})"
            )
        if self.backup is not None and is_phantom(self.backup):
            yield _name_taken(self.voice, self.backup)


def _name_taken(voice: Voice, backup: Backup) -> Finding:
    name = backup.metadata.name
    return voice.error(
        "name-taken",
        name,
        f"{voice.cluster} has another Backup named {name}, so Velero will never show this one",
        f"if that object is worthless: {voice.kubectl(f'delete backup {name}')} "
        "(removes the object only, no data)",
    )


def _require_supported(request: RestoreRequest) -> None:
    if request.mapping.claims:
        raise Unsupported(
            "claims come back under their own names: the data that Velero brings back finds its "
            "claim by the name",
            backend=TOOL,
            cluster=request.target,
        )
    if request.workload.kind in (WorkloadKind.NAMESPACE, WorkloadKind.CLUSTER_OBJECTS):
        return
    raise Unsupported(
        f"{request.workload}: Velero brings back namespaces and cluster-scoped objects, "
        f"not a {request.workload.kind} by its name",
        backend=TOOL,
        cluster=request.target,
    )
