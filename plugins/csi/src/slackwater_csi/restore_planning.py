"""Plans restores: snapshots shown, claims made of them, objects put back, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from slackwater.clusters import Object
from slackwater.errors import Unsupported
from slackwater.model.act import ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import Existing, RestoreRequest
from slackwater.model.workload import WorkloadKind
from slackwater_csi import restore_acts
from slackwater_csi.acts import Replaced, RestoreWork
from slackwater_csi.deletion import volume_of
from slackwater_csi.errors import TOOL
from slackwater_csi.facts import PointFacts, VolumeFacts
from slackwater_csi.listing import find_adopted, manifest_of
from slackwater_csi.naming import digest, restore_stem
from slackwater_csi.naming_claims import name_findings
from slackwater_csi.objects import StorageClass
from slackwater_csi.resources import CLAIMS, PODS, STORAGE
from slackwater_csi.scaling import users_of
from slackwater_csi.site import Site
from slackwater_csi.stripping import stripped
from slackwater_csi.translation import local_store
from slackwater_csi.volume_modes import mode_findings, mode_of


@dataclass(frozen=True)
class Source:
    """What is known of a recovery point. ``known`` are manifests that no store keeps."""

    facts: PointFacts | None
    volumes: Sequence[VolumeFacts]
    known: Mapping[str, Mapping[str, object]]
    elsewhere: str = ""
    locked: Sequence[Finding] = ()


@dataclass(frozen=True)
class RestorePlanner:
    """Plans one restore into this cluster."""

    site: Site
    request: RestoreRequest

    def plan(self) -> ActPlan:
        """Return the acts. Raises ``Unsupported`` for what cannot come back by snapshots."""
        self._require_supported()
        source = self._source()
        standing = self._standing()
        work = self._work(source, standing)
        findings = tuple(self._findings(source, work, standing))
        if any(finding.blocks for finding in findings):
            return ActPlan(findings=findings)
        return ActPlan(acts=tuple(restore_acts.acts(work, self.site)), findings=findings)

    def _require_supported(self) -> None:
        request = self.request
        if request.workload.kind not in (WorkloadKind.NAMESPACE, WorkloadKind.VOLUME):
            raise self._unsupported(f"CSI snapshots are of volumes, not of {request.workload}")
        if request.mapping.images:
            raise self._unsupported("objects are brought back as they were, images too")

    def _unsupported(self, why: str) -> Unsupported:
        return Unsupported(why, backend=TOOL, cluster=self.site.cluster)

    def _source(self) -> Source:
        """Read what the point holds: from its manifest, or from the snapshot that it is."""
        point, here = self.request.point.id, self.site.here
        uid = here.uid()
        if point.tool == TOOL and point.store == local_store(uid):
            snapshot, content = find_adopted(self.site, point)
            told = bool(content.spec.source_volume_mode)
            return self._adopted(volume_of(snapshot, content), mode_told=told)
        manifest = manifest_of(self.site, point)
        try:
            facts = PointFacts.model_validate(manifest.facts)
        except ValidationError:
            raise self._unsupported(f"{point.name} is no recovery point of this tool") from None
        name = self.request.workload.name
        volumes = [volume for volume in facts.held if name in ("", volume.claim)]
        origin = facts.stamp
        elsewhere = origin.cluster if origin is not None and origin.cluster_uid != uid else ""
        return Source(facts, volumes, {}, elsewhere, self.site.store().review_key(manifest))

    def _adopted(self, volume: VolumeFacts, *, mode_told: bool) -> Source:
        """A snapshot without a manifest: its claim tells what it needs, as long as that stands."""
        if not volume.claim:
            return Source(None, (volume,), {})
        found = self.site.here.find(CLAIMS, volume.claim, Object, namespace=volume.namespace)
        if found is None:
            return Source(None, (volume,), {})
        known = {volume.claim: stripped(CLAIMS, found)}
        of_class = (found.get("spec") or {}).get("storageClassName") or ""
        mode = volume.volume_mode if mode_told else mode_of(found)
        update = {"storage_class": of_class, "volume_mode": mode}
        return Source(None, (volume.model_copy(update=update),), known)

    def _standing(self) -> dict[str, Object]:
        found = self.site.here.list(CLAIMS, Object, namespace=self.request.namespace)
        return {each["metadata"]["name"]: each for each in found}

    def _work(self, source: Source, standing: Mapping[str, Object]) -> RestoreWork:
        request, facts = self.request, source.facts
        replaced = tuple(self._replaced(source, standing))
        names = [each.claim for each in replaced]
        parts = [request.point.id, request.workload, request.mapping, request.existing]
        whole = request.workload.kind is WorkloadKind.NAMESPACE
        return RestoreWork(
            point=request.point.name,
            stem=restore_stem(self.site.cluster, request.workload.name or request.namespace),
            request=digest([str(part) for part in parts])[:16],
            source=request.workload.namespace,
            namespace=request.namespace,
            volumes=tuple(source.volumes),
            classes={each.claim: self._class_of(each) for each in source.volumes},
            names=self._names(source),
            known=source.known,
            labels=_plain(facts.labels) if facts else {},
            objects=bool(facts and facts.with_objects and whole),
            existing=request.existing,
            replaced=replaced,
            stopped=tuple(users_of(names, self.site.here, request.namespace)) if names else (),
            within=self.site.within(len(source.volumes)),
        )

    def _class_of(self, volume: VolumeFacts) -> str:
        return self.request.mapping.storage_classes.get(volume.storage_class, volume.storage_class)

    def _names(self, source: Source) -> dict[str, str]:
        held, asked = {each.claim for each in source.volumes}, self.request.mapping.claims
        return {old: new for old, new in asked.items() if old in held and new != old}

    def _replaced(self, source: Source, standing: Mapping[str, Object]) -> Iterator[Replaced]:
        if self.request.existing is not Existing.UPDATE:
            return
        names = self._names(source)
        for volume in source.volumes:
            called = names.get(volume.claim, volume.claim)
            claim = standing.get(called)
            name = ((claim or {}).get("spec") or {}).get("volumeName")
            if claim is not None and name:
                yield Replaced(
                    claim=called,
                    uid=claim["metadata"]["uid"],
                    volume=name,
                    manifest=stripped(CLAIMS, claim),
                )

    def _findings(
        self, source: Source, work: RestoreWork, standing: Mapping[str, Object]
    ) -> Iterator[Finding]:
        if source.elsewhere:
            yield self._elsewhere(source.elsewhere)
            return
        for found in source.locked:
            yield found.model_copy(update={"cluster": self.site.cluster, "tool": TOOL})
        yield from self._unrestorable(source, work)
        yield from self._classes(work)
        yield from mode_findings(work, self.site.voice)
        yield from name_findings(work, self.request.mapping.claims, self.site.voice)
        kept = {work.name_of(each.claim) for each in work.volumes} & set(standing)
        for claim in sorted(kept - {each.claim for each in work.replaced}):
            yield self.site.voice.warning(
                "claim-kept",
                f"{work.namespace}/{claim}",
                f"claim {claim} stands in {work.namespace}, and is kept with what it holds",
                "map to another namespace, or --update to replace it",
            )
        if work.replaced:
            yield from self._in_place(work)

    def _unrestorable(self, source: Source, work: RestoreWork) -> Iterator[Finding]:
        point, voice = self.request.point, self.site.voice
        if source.facts is None and not source.known:
            volume = source.volumes[0]
            yield voice.error(
                "no-manifest",
                point.name,
                f"no store keeps the manifest of its claim {volume.claim or '(not known)'}, and "
                "the claim does not stand any more",
                "make the claim by hand, with this as its dataSource: kubectl -n "
                f"{volume.namespace} get volumesnapshot {volume.snapshot}",
            )
        elif not work.volumes and not work.objects:
            yield voice.error(
                "nothing-held",
                point.name,
                f"it holds no volume of {self.request.workload}, and no objects",
                "slackwater points show says what it holds",
            )
        if source.facts is not None and source.facts.deleting:
            yield voice.error(
                "half-deleted", point.name, "its deletion was begun", "choose another one"
            )

    def _classes(self, work: RestoreWork) -> Iterator[Finding]:
        """A claim whose class is missing, or of another driver, would be Pending for ever."""
        there = {each.name: each for each in self.site.here.list(STORAGE, StorageClass)}
        for volume in work.volumes:
            name = work.classes[volume.claim]
            found, subject = there.get(name), f"{work.namespace}/{volume.claim}"
            if found is None:
                yield self.site.voice.error(
                    "no-storage-class",
                    subject,
                    f"claim {volume.claim} wants the storage class {name or '(none)'}, which is "
                    f"not there (there are: {', '.join(sorted(there)) or 'none'})",
                    f"map it to a class of {volume.driver}: --map-class {name}=…",
                )
            elif found.provisioner != volume.driver:
                yield self.site.voice.error(
                    "class-of-another-driver",
                    subject,
                    f"the class {name} makes volumes by {found.provisioner}, and the snapshot is "
                    f"one of {volume.driver}",
                    f"map it to a class of {volume.driver}",
                )

    def _in_place(self, work: RestoreWork) -> Iterator[Finding]:
        names = {each.claim for each in work.replaced}
        for pod in self.site.here.list(PODS, Object, namespace=work.namespace):
            used = names & set(_claims_of(pod))
            if used and not _comes_and_goes(pod, work.stopped):
                name = pod["metadata"]["name"]
                yield self.site.voice.error(
                    "in-use",
                    f"{work.namespace}/{name}",
                    f"pod {name} uses {', '.join(sorted(used))}, and belongs to nothing that can "
                    "be scaled down (a Deployment or a StatefulSet)",
                    f"stop it yourself: kubectl -n {work.namespace} delete pod {name}",
                )
        for replaced in work.replaced:
            yield self.site.voice.info(
                "old-volume-stays",
                f"{work.namespace}/{replaced.claim}",
                f"the volume {replaced.volume} with today's data is kept beside the new one",
                f"release it when it is not needed: kubectl delete pv {replaced.volume}, and its "
                "data in the storage system",
            )

    def _elsewhere(self, origin: str) -> Finding:
        return self.site.voice.error(
            "another-cluster",
            self.request.point.name,
            f"its snapshots lie in the storage of {origin}: {self.site.cluster} cannot reach them",
            f"restore it into {origin}, or another recovery point of a tool that leaves the "
            "cluster",
        )


def _plain(labels: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in labels.items() if k != "kubernetes.io/metadata.name"}


def _claims_of(pod: Object) -> Iterator[str]:
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        claim = volume.get("persistentVolumeClaim") or {}
        if "claimName" in claim:
            yield claim["claimName"]


def _comes_and_goes(pod: Object, stopped: Sequence[str]) -> bool:
    """Whether a pod belongs to a workload that is scaled down: by its owner's name and kind.

    The name of a ReplicaSet begins with that of its Deployment (documented).
    """
    if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return True
    names = {which.partition("/")[2]: which.partition("/")[0] for which in stopped}
    for owner in pod["metadata"].get("ownerReferences") or ():
        kind, name = owner.get("kind"), owner.get("name", "")
        if kind == "StatefulSet" and names.get(name) == "statefulsets":
            return True
        if kind == "ReplicaSet" and names.get(name.rpartition("-")[0]) == "deployments":
            return True
    return False
