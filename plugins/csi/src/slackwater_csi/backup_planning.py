"""Plans a backup: manifests, then snapshots, then what makes them count; clean-up in any case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import BackupRequest
from slackwater.model.wording import counted
from slackwater.model.workload import WorkloadKind
from slackwater_csi.acts import BackupWork, Do, payload
from slackwater_csi.describing import SAME_STORAGE
from slackwater_csi.errors import TOOL
from slackwater_csi.naming import backup_stem, digest
from slackwater_csi.objects import Claim
from slackwater_csi.resources import CLAIMS
from slackwater_csi.site import Site
from slackwater_csi.surroundings import Candidate, Surroundings, look_at

_GRACE = 120.0
"""Seconds by which core waits longer than we do: so it is we who say what was wrong."""
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
        work = self._work(request, candidates)
        return ActPlan(acts=tuple(_acts(work, self.site)), findings=tuple(self._findings(work)))

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

    def _work(self, request: BackupRequest, candidates: Sequence[Candidate]) -> BackupWork:
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
        )

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

    def _no_claim(self, request: BackupRequest) -> Finding:
        workload = request.workload
        message = f"there is no claim {workload.name} in {workload.namespace}"
        return self.site.voice.error(
            "no-claim", str(workload), message, f"kubectl -n {workload.namespace} get pvc"
        )


def _acts(work: BackupWork, site: Site) -> Iterator[Act]:
    yield _manifests(work, site)
    if work.claims:
        yield _snapshots(work, site)
    yield _keep(work, site)
    yield _tidy(work, site)


def _place(work: BackupWork, site: Site) -> str:
    return "/".join(filter(None, (site.cluster, work.namespace, work.claim)))


def _manifests(work: BackupWork, site: Site) -> Act:
    what = "objects and claims" if work.objects else "claims"
    return Act(
        id="manifests",
        kind=ActKind.PERFORMED,
        title=f"keep the manifests of {_place(work, site)}",
        effects=(f"adds the {what}, encrypted, to the store {site.settings.store}",),
        undo="they are removed at the end if no recovery point comes of it",
        payload=payload(Do.MANIFESTS, work),
    )


def _snapshots(work: BackupWork, site: Site) -> Act:
    how = "as one group" if work.group else "all at once"
    return Act(
        id="snapshots",
        kind=ActKind.OPERATED,
        title=f"snapshot {counted(len(work.claims), 'volume')} of {_place(work, site)}, {how}",
        needs=("manifests",),
        effects=(
            f"adds {work.stem}-… as VolumeSnapshots in {site.cluster}/{work.namespace}",
            f"of {', '.join(sorted(work.claims))}: {SAME_STORAGE}",
        ),
        undo="delete the recovery point",
        timeout=work.within + _GRACE,
        payload=payload(Do.SNAPSHOTS, work),
    )


def _keep(work: BackupWork, site: Site) -> Act:
    return Act(
        id="keep",
        kind=ActKind.PERFORMED,
        title=f"keep the snapshots of {_place(work, site)}, and publish the recovery point",
        needs=("snapshots",) if work.claims else ("manifests",),
        effects=(
            "sets their VolumeSnapshotContents to Retain, so that they outlive their namespace",
            f"adds the recovery point {work.stem}-… to the store {site.settings.store}",
        ),
        undo="delete the recovery point",
        payload=payload(Do.KEEP, work),
    )


def _tidy(work: BackupWork, site: Site) -> Act:
    return Act(
        id="tidy",
        kind=ActKind.PERFORMED,
        title=f"remove what no recovery point of {_place(work, site)} holds",
        needs=("keep",),
        always=True,
        effects=("removes snapshots of tries that failed, and the draft in the store",),
        payload=payload(Do.TIDY, work),
    )
