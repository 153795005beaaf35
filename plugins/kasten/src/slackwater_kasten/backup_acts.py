"""Plans a backup: a BackupAction, and an ExportAction where the fleet file names a profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.recovery_point import Requirement
from slackwater.model.request import BackupRequest
from slackwater.model.workload import WorkloadKind
from slackwater_kasten import labels
from slackwater_kasten.acts import Do
from slackwater_kasten.naming import backup_stem, digest
from slackwater_kasten.objects import Profile
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.stamps import stamp_labels
from slackwater_kasten.voice import TOOL, Voice


@dataclass(frozen=True)
class BackupPlanner:
    """Plans backups in one cluster, whose profiles were read before."""

    settings: KastenSettings
    voice: Voice
    profiles: Mapping[str, Profile]

    def plan(self, request: BackupRequest) -> ActPlan:
        """Return the acts. Raises ``Unsupported`` for what is not a namespace."""
        if request.workload.kind is not WorkloadKind.NAMESPACE:
            raise Unsupported(
                f"{request.workload}: K10 backs up namespaces, not a {request.workload.kind}",
                backend=TOOL,
                cluster=self.voice.cluster,
            )
        acts = [self._backup(request)]
        if self.settings.export:
            acts.append(self._export(request))
        if self.settings.export and self.settings.store:
            acts.append(self._keep_receive(request))
        return ActPlan(acts=tuple(acts), findings=tuple(self._findings(request)))

    def _backup(self, request: BackupRequest) -> Act:
        namespace = request.workload.namespace
        stem = backup_stem(self.voice.cluster, namespace, request.due)
        spec: dict[str, object] = {"subject": {"name": namespace, "namespace": namespace}}
        if self.settings.profile:
            spec["profile"] = self._profile(self.settings.profile)
        return Act(
            id="backup",
            kind=ActKind.OPERATED,
            title=f"K10 backs up {request.workload}",
            effects=(
                f"adds BackupAction {stem}-… in namespace {namespace}",
                "adds a restore point, with snapshots of its volumes in their own storage",
                f"kept for {self._keep(request).days} days",
            ),
            undo="delete the recovery point",
            payload={
                "do": Do.BACKUP,
                "namespace": namespace,
                "stem": stem,
                "labels": {**self._labels(request), **_application(namespace)},
                "keep": self._keep(request).total_seconds(),
                "spec": spec,
            },
        )

    def _export(self, request: BackupRequest) -> Act:
        namespace, profile = request.workload.namespace, self.settings.export
        return Act(
            id="export",
            kind=ActKind.OPERATED,
            title=f"K10 exports {request.workload} to {profile}",
            needs=("backup",),
            effects=(
                f"adds an ExportAction in namespace {self.voice.namespace}",
                f"writes objects and volume data into the location of profile {profile}",
                "adds a second content of the same restore point",
            ),
            undo="delete the recovery point",
            payload={
                "do": Do.EXPORT,
                "namespace": namespace,
                "labels": {**self._labels(request), **_application(namespace)},
                "keep": self._keep(request).total_seconds(),
                "spec": {"profile": self._profile(profile), "exportData": {"enabled": True}},
            },
        )

    def _keep_receive(self, request: BackupRequest) -> Act:
        store = self.settings.store
        return Act(
            id="keep-receive",
            kind=ActKind.PERFORMED,
            title=f"keep the way to the export of {request.workload} in store {store}",
            needs=("export",),
            effects=(
                f"adds the export's receive string, encrypted, to store {store}",
                "so another cluster can import the export, also when this one is gone",
            ),
            undo="delete the recovery point",
            payload={"do": Do.KEEP_RECEIVE, "store": store, "labels": self._labels(request)},
        )

    def _labels(self, request: BackupRequest) -> dict[str, str]:
        asked = digest(str(request.workload))[:16]
        return {**stamp_labels(request.stamp), labels.REQUEST: asked}

    def _keep(self, request: BackupRequest) -> timedelta:
        """Always some time: K10 never expires by itself what was not made by a policy."""
        return request.keep_for or timedelta(days=self.settings.keep_days)

    def _profile(self, name: str) -> dict[str, str]:
        return {"name": name, "namespace": self.voice.namespace}

    def _findings(self, request: BackupRequest) -> Iterator[Finding]:
        for name in filter(None, {self.settings.export, self.settings.profile}):
            yield from profile_findings(name, self.profiles, self.voice)
        if Requirement.OFF_CLUSTER in request.require and not self.settings.export:
            yield self.voice.error(
                "not-off-cluster",
                str(request.workload),
                "data has to leave the cluster, and K10's snapshots stay in it unless exported",
                "name a Location Profile in the fleet file: kasten: {export: NAME}",
            )


def profile_findings(name: str, profiles: Mapping[str, Profile], voice: Voice) -> Iterator[Finding]:
    """Yield what is wrong with a profile that is to be used."""
    profile = profiles.get(name)
    if profile is None or not profile.is_location:
        known = ", ".join(sorted(n for n, p in profiles.items() if p.is_location)) or "none"
        yield voice.error(
            "no-profile",
            name,
            f"there is no Location Profile {name} in namespace {voice.namespace} (there: {known})",
            "correct the name in the fleet file, or create the profile in K10's dashboard",
        )
    elif not profile.is_valid:
        said = "; ".join((profile.status.error if profile.status else None) or ())
        yield voice.error(
            "profile-invalid",
            name,
            f"profile {name} is not valid: {said or 'K10 has not looked at it yet'}",
            voice.kubectl(f"get profiles.config.kio.kasten.io {name} -o yaml"),
        )


def expiry(act: Act, now: datetime) -> dict[str, str]:
    """Return when K10 may delete what an act makes, as it stands in the spec of an action."""
    kept = act.payload.get("keep")
    seconds = kept if isinstance(kept, (int, float)) else 0.0
    return {"expiresAt": timestamp(now + timedelta(seconds=seconds))}


def timestamp(moment: datetime) -> str:
    """Return a time as Kubernetes writes it: UTC, whole seconds."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _application(namespace: str) -> dict[str, str]:
    """Labels that K10 wants, or wanted, on actions of one application: always sent."""
    return {labels.APP_NAME: namespace, labels.APP_NAMESPACE: namespace}
