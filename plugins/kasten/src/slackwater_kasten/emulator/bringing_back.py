"""Brings the artefacts of a content back into a namespace.

Documented or observed: claims of the point are deleted and made anew, other objects that exist are
left alone unless ``overwriteExisting``; a failing ``test`` skips a transform; filters. Guessed:
that a missing storage class fails the restore.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_kasten.emulator.catalog import Inside, Object
from slackwater_kasten.emulator.collecting import CLAIMS, matches
from slackwater_kasten.emulator.transforming import transformed
from slackwater_kasten.emulator.world import World


class NotRestored(Exception):
    """A restore fails, in these words."""


@dataclass(frozen=True)
class BringingBack:
    """One restore at work."""

    world: World
    spec: Object
    namespace: str

    def run(self, inside: Inside) -> None:
        """Bring back what is chosen; claims first."""
        chosen = [each for each in inside.artifacts if self._wants(each)]
        chosen.sort(key=lambda each: each["resource"]["resource"] != CLAIMS)
        prepared = [(each, self._prepared(each)) for each in chosen]
        for artifact, wanted in prepared:
            if artifact["resource"]["resource"] == CLAIMS:
                self._require_class(wanted)
        for artifact, wanted in prepared:
            name = artifact["resource"]["name"]
            if artifact["resource"]["resource"] == CLAIMS:
                self._claim(wanted, inside.data.get(name))
            else:
                self._object(_kind(artifact), wanted)

    def _wants(self, artifact: Object) -> bool:
        filters = self.spec.get("filters") or {}
        kind, name = _kind(artifact), artifact["resource"]["name"]
        included = filters.get("includeResources")
        if included and not any(matches(each, kind, name) for each in included):
            return False
        return not any(matches(e, kind, name) for e in filters.get("excludeResources") or ())

    def _prepared(self, artifact: Object) -> Object:
        wanted = deepcopy(artifact["artifact"])
        wanted["metadata"]["namespace"] = self.namespace
        rules = [
            each
            for each in self._rules()
            if matches(each["subject"], _kind(artifact), artifact["resource"]["name"])
        ]
        return transformed(wanted, rules)

    def _rules(self) -> Iterator[Object]:
        for each in self.spec.get("transforms") or ():
            reference = each.get("transformSetRef")
            if reference is None:
                yield each
                continue
            found = self.world.find(
                "transformsets.config.kio.kasten.io", reference["name"], reference["namespace"]
            )
            if found is None:
                raise NotRestored(f"TransformSet {reference['name']} not found")
            yield from found["spec"]["transforms"]

    def _require_class(self, claim: Object) -> None:
        name = (claim.get("spec") or {}).get("storageClassName")
        if name and self.world.find("storageclasses.storage.k8s.io", name) is None:
            raise NotRestored(f'storageclasses.storage.k8s.io "{name}" not found')

    def _claim(self, claim: Object, data: str | None) -> None:
        """The volume is a new one; its data comes with it, and none where none was taken."""
        name = claim["metadata"]["name"]
        self.world.delete(CLAIMS, name, self.namespace)
        volume = f"pvc-{uuid.uuid4()}"
        spec = {**claim.get("spec", {}), "volumeName": volume}
        reference = {"namespace": self.namespace, "name": name}
        asked = (spec.get("resources") or {}).get("requests") or {}
        self.world.put(
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": volume, "annotations": {DATA: data or ""}},
                "spec": {
                    "capacity": {"storage": asked.get("storage", "1Gi")},
                    "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
                    "storageClassName": spec.get("storageClassName", ""),
                    "claimRef": reference,
                    "csi": {"driver": "emulated", "volumeHandle": volume},
                },
            }
        )
        self.world.put({**claim, "spec": spec, "status": {"phase": "Bound"}})

    def _object(self, kind: str, wanted: Object) -> None:
        name = wanted["metadata"]["name"]
        standing = self.world.find(kind, name, self.namespace)
        if standing is not None and not self.spec.get("overwriteExisting"):
            return
        self.world.put(wanted)


def _kind(artifact: Object) -> str:
    resource = artifact["resource"]
    return f"{resource['resource']}.{resource['group']}".rstrip(".")
