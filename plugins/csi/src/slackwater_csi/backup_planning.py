"""Plans a backup: manifests, then snapshots, then what makes them count; clean-up in any case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from slackwater.errors import PermissionDenied, Unsupported
from slackwater.model.act import ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import BackupRequest
from slackwater.model.workload import WorkloadKind
from slackwater_csi.acts import BackupWork
from slackwater_csi.backup_acts import acts, names_of
from slackwater_csi.describing import SAME_STORAGE
from slackwater_csi.errors import TOOL
from slackwater_csi.hooks import with_hooks
from slackwater_csi.naming import backup_stem, digest
from slackwater_csi.objects import Claim, Pod
from slackwater_csi.resources import CLAIMS, PODS
from slackwater_csi.rights import HOOKS, rights
from slackwater_csi.site import Site
from slackwater_csi.surroundings import Candidate, Surroundings, look_at

CLASS_WAY_OUT = (
    "kubectl get volumesnapshotclasses; name one under classes, by its driver, or mark one as the "
    "default"
)


@dataclass(frozen=True)
class BackupPlanner:
    """Plans for one cluster, by one look at it."""

    site: Site
    seen: Surroundings

    def plan(self, request: BackupRequest) -> ActPlan:
        """Return the acts. Raises ``Unsupported`` for what holds no volumes."""
        workload = request.workload
        if workload.kind not in (WorkloadKind.NAMESPACE, WorkloadKind.VOLUME):
            raise Unsupported(
                f"{workload}: CSI snapshots are of volumes, not of a {workload.kind}",
                backend=TOOL,
                cluster=self.site.cluster,
                hint="protect it with a tool that reads objects, or etcd itself",
            )
        refusals = tuple(self._refusals(request))
        if refusals:
            return ActPlan(findings=refusals)
        candidates = look_at(self._claims(request), self.seen)
        if workload.name and not candidates:
            return ActPlan(findings=(self._no_claim(request),))
        pods = tuple(self._pods_with_hooks(request))
        work = self._work(request, candidates, hooks=bool(pods))
        if denied := tuple(self._rights_for_hooks(work)):
            return ActPlan(findings=denied)
        findings = (*self._findings(work), *self._not_run(work, pods))
        return ActPlan(acts=tuple(acts(work, self.site, pods)), findings=findings)

    def _pods_with_hooks(self, request: BackupRequest) -> Iterator[Pod]:
        """Without the setting nobody needs to be allowed to look."""
        workload = request.workload
        forgiven = () if self.site.settings.hooks else (PermissionDenied,)
        with suppress(*forgiven):
            pods = self.site.here.list(PODS, Pod, namespace=workload.namespace)
            yield from with_hooks(pods, workload.name)

    def _refusals(self, request: BackupRequest) -> Iterator[Finding]:
        voice = self.site.voice
        if not self.site.settings.store:
            yield voice.error(
                "no-store",
                voice.cluster,
                "no store for manifests is named, and a snapshot without them is not restorable",
                "add one under stores in the fleet file, and name it under csi: store",
            )
        if not self.seen.served:
            yield voice.error(
                "not-installed",
                voice.cluster,
                "the API does not serve snapshot.storage.k8s.io/v1",
                "install the CRDs and the controller of external-snapshotter",
            )
        del request

    def _claims(self, request: BackupRequest) -> list[Claim]:
        workload = request.workload
        found = self.site.here.list(CLAIMS, Claim, namespace=workload.namespace)
        return [each for each in found if workload.name in ("", each.name)]

    def _rights_for_hooks(self, work: BackupWork) -> Iterator[Finding]:
        """Asked before anything is done: a pod that was held still could not be let go."""
        if not work.held_within:
            return
        asked = {replace(right, namespace=work.namespace): need for right, need in rights(HOOKS)}
        for right, allowed in self.site.here.cluster.can_i(asked).items():
            if not allowed:
                yield self.site.voice.error(
                    "right-missing",
                    str(asked[right]),
                    f"not allowed to {right} (needed for: hooks)",
                    "python -m slackwater_csi.rights prints the rights; or hooks: false",
                )

    def _work(
        self, request: BackupRequest, candidates: Sequence[Candidate], *, hooks: bool
    ) -> BackupWork:
        workload = request.workload
        taken = [each for each in candidates if not each.why_not]
        group = self._group(taken) if len(taken) == len(candidates) and not workload.name else ""
        kinds = self.seen.groups if group else None
        return BackupWork(
            namespace=workload.namespace,
            claim=workload.name,
            stem=backup_stem(self.site.cluster, workload.name or workload.namespace, request.due),
            request=digest([str(workload), request.stamp.model_dump(mode="json")])[:16],
            claims={each.claim.name: each.snapshot_class for each in taken},
            passed={each.claim.name: each.why_not for each in candidates if each.why_not},
            group=group,
            group_version=kinds.version if kinds else "",
            objects=self.site.settings.objects and not workload.name,
            stamp=request.stamp,
            within=self.site.within(len(taken)),
            held_within=self._held_within() if hooks and taken else 0.0,
        )

    def _held_within(self) -> float:
        settings = self.site.settings
        return settings.held_within.total_seconds() if settings.hooks else 0.0

    def _group(self, taken: Sequence[Candidate]) -> str:
        """The class by which all claims of a namespace are taken together, where that can be."""
        drivers = {each.driver for each in taken}
        if not self.site.settings.groups or len(taken) < 2 or len(drivers) != 1:
            return ""
        return self.seen.group_class_for(drivers.pop()).name

    def _findings(self, work: BackupWork) -> Iterator[Finding]:
        voice, place = self.site.voice, f"{self.site.cluster}/{work.namespace}"
        for claim, why in work.passed.items():
            yield voice.warning(
                "volume-skipped", f"{place}/{claim}", f"volume {claim} will be skipped: {why}",
                CLASS_WAY_OUT if "VolumeSnapshotClass" in why else "use a tool that copies files",
            )  # fmt: skip
        if len(work.claims) > 1 and not work.group:
            yield voice.info(
                "not-one-moment",
                place,
                f"its {len(work.claims)} volumes are snapshotted one by one, as close together as "
                "the cluster allows; how close is told with the recovery point",
                "a VolumeGroupSnapshotClass of their driver takes them at one moment",
            )
        if work.claims:
            yield voice.info("same-storage", place, f"its {SAME_STORAGE}")

    def _not_run(self, work: BackupWork, pods: Sequence[Pod]) -> Iterator[Finding]:
        if pods and work.claims and not work.held_within:
            yield self.site.voice.info(
                "hooks-not-run",
                f"{self.site.cluster}/{work.namespace}",
                f"{names_of(pods)} name hooks, and they are not run: the snapshots are as if the "
                "power had gone",
                "set hooks: true under csi, and grant the rights for it",
            )

    def _no_claim(self, request: BackupRequest) -> Finding:
        workload = request.workload
        message = f"there is no claim {workload.name} in {workload.namespace}"
        return self.site.voice.error(
            "no-claim", str(workload), message, f"kubectl -n {workload.namespace} get pvc"
        )
