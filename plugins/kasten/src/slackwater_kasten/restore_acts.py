"""The acts of a restore: each says what it adds, changes or removes in the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from slackwater.model.act import Act, ActKind
from slackwater.model.request import Existing, RestoreRequest
from slackwater_kasten import labels
from slackwater_kasten.acts import Do
from slackwater_kasten.arrived import match_of
from slackwater_kasten.binding import bound_name
from slackwater_kasten.naming import digest, restore_stem
from slackwater_kasten.objects import Content
from slackwater_kasten.transforms import storage_transforms
from slackwater_kasten.voice import Voice
from slackwater_kasten.ways import Way

VALIDATION_TIMEOUT = 180.0
"""Seconds. K10 looks at a new policy within moments, and at its bucket while doing so."""

RECORD_KEPT = timedelta(days=7)
"""How long K10 keeps the record of an import."""


@dataclass(frozen=True)
class RestoreActs:
    """Makes the acts of one restore, without their order.

    ``content`` is what is restored, where the target shows it already; what an import will bring
    has no name yet, and is found by its application and its time. ``transforms`` are written into
    the action as they were when the plan was made, by the TransformSet that they come from.
    """

    request: RestoreRequest
    voice: Voice
    content: Content | None = None
    transforms: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)

    @property
    def _place(self) -> str:
        return f"{self.request.target}/{self.request.namespace}"

    @property
    def _chosen(self) -> dict[str, object]:
        """What every act about the content has to know."""
        request = self.request
        common: dict[str, object] = {
            "namespace": request.namespace,
            "source": request.workload.namespace,
            "restorePoint": bound_name(str(request.point.id), request.namespace),
        }
        if self.content is not None:
            return {**common, "content": self.content.metadata.name}
        space, contents = request.workload.namespace, request.point.contents
        volumes = contents.volumes_in(space) if contents else ()
        claims = [volume.claim for volume in volumes if volume.held and volume.off_cluster]
        return {**common, "match": match_of(space, request.point.begin, claims)}

    @property
    def _request(self) -> str:
        """Stands for this restore: the same for each plan of the same thing."""
        return digest([str(self.request.point.id), self._place])[:16]

    def add_import(self, way: Way) -> Act:
        """Write the import policy."""
        return Act(
            id="add-import",
            kind=ActKind.PERFORMED,
            title=f"let K10 in {self.request.target} import from {way.profile}",
            effects=(
                f"adds policy {way.policy} in namespace {self.voice.namespace}; removed at the end",
                f"the policy holds the receive string, read from {way.told}, as long as it stands",
            ),
            undo=self.voice.kubectl(f"delete policies.config.kio.kasten.io {way.policy}"),
            payload={
                "do": Do.ADD_IMPORT,
                "policy": way.policy,
                "profile": way.profile,
                **way.source,
            },
        )

    def wait_for_policy(self, policy: str) -> Act:
        """Wait until K10 has found the policy good."""
        return Act(
            id="policy",
            kind=ActKind.OPERATED,
            title=f"wait until K10 has validated policy {policy}",
            effects=("changes nothing",),
            timeout=VALIDATION_TIMEOUT,
            payload={"do": Do.WAIT_FOR_POLICY, "policy": policy},
        )

    def run_import(self, way: Way) -> Act:
        """Import."""
        return Act(
            id="import",
            kind=ActKind.OPERATED,
            title=f"K10 imports the exports of {self.request.point.origin or 'elsewhere'}",
            effects=(
                f"runs policy {way.policy}, which only imports",
                f"adds a RunAction in namespace {self.voice.namespace}",
                f"adds restore point contents to the catalogue of {self.request.target}; they stay",
            ),
            undo="none needed: imported contents are records, the export is not touched",
            payload={
                "do": Do.RUN_IMPORT,
                "policy": way.policy,
                "profile": way.profile,
                "keep": RECORD_KEPT.total_seconds(),
            },
        )

    def bind(self) -> Act:
        """Make namespace and RestorePoint where they are missing."""
        namespace = self.request.namespace
        return Act(
            id="bind",
            kind=ActKind.PERFORMED,
            title=f"make ready {self._place} for the restore",
            effects=(
                f"adds namespace {namespace} if it is missing",
                "adds a RestorePoint there if none shows the content; removed at the end",
            ),
            writes=(namespace,),
            undo=f"kubectl delete namespace {namespace}, if it was added",
            payload={"do": Do.BIND, **self._chosen},
        )

    def restore(self) -> Act:
        """Bring back the workload itself."""
        request = self.request
        update = request.existing is Existing.UPDATE
        spec: dict[str, object] = {"overwriteExisting": update}
        written = [dict(each) for found in self.transforms.values() for each in found]
        if changes := [*written, *storage_transforms(request.mapping.storage_classes)]:
            spec["transforms"] = changes
        return Act(
            id="restore",
            kind=ActKind.OPERATED,
            title=f"K10 restores {request.workload.namespace} → {self._place}",
            effects=(
                f"adds RestoreAction {restore_stem(self.voice.cluster, request.namespace)}-…",
                f"adds objects and volumes in {self._place}",
                "deletes and makes anew claims that exist, and overwrites other objects"
                if update
                else "keeps objects and claims that exist as they are",
                *self._changes(),
            ),
            writes=(request.namespace,),
            undo=f"delete what was added in {self._place}; nothing does that by itself",
            payload={
                "do": Do.RESTORE,
                **self._chosen,
                "existing": request.existing,
                "stem": restore_stem(self.voice.cluster, request.namespace),
                "labels": {
                    labels.APP_NAME: request.namespace,
                    labels.APP_NAMESPACE: request.namespace,
                    labels.REQUEST: self._request,
                },
                "spec": spec,
            },
        )

    def _changes(self) -> Iterator[str]:
        for old, new in sorted(self.request.mapping.storage_classes.items()):
            yield f"storage class {old} → {new}"
        for name, found in self.transforms.items():
            said = ", ".join(str(each.get("name") or "unnamed") for each in found) or "none"
            yield f"applies the transforms of TransformSet {name}, as they are now: {said}"

    def verify(self) -> Act:
        """Compare what stands with what the content holds."""
        return Act(
            id="verify",
            kind=ActKind.PERFORMED,
            title=f"verify {self._place} against the recovery point",
            effects=("changes nothing",),
            payload={"do": Do.VERIFY, **self._chosen, "request": self._request},
        )

    def unbind(self) -> Act:
        """Remove the RestorePoint that was made for the restore."""
        name = str(self._chosen["restorePoint"])
        return Act(
            id="unbind",
            kind=ActKind.PERFORMED,
            title=f"remove RestorePoint {name}, if it was added",
            always=True,
            effects=(f"removes RestorePoint {name} in {self._place}; no data goes with it",),
            payload={"do": Do.UNBIND, "namespace": self.request.namespace, "restorePoint": name},
        )

    def remove_import(self, policy: str) -> Act:
        """Remove the import policy."""
        return Act(
            id="remove-import",
            kind=ActKind.PERFORMED,
            title=f"remove policy {policy}",
            always=True,
            effects=(f"removes policy {policy}, once no other restore needs it",),
            payload={"do": Do.REMOVE_IMPORT, "policy": policy},
        )
