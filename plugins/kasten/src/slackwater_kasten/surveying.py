"""Looks at the target of a restore, and changes nothing: what stands there, by which way an export
comes, whether what is mapped to is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slackwater.errors import PermissionDenied
from slackwater.model.finding import Finding
from slackwater.model.request import Existing, RestoreRequest
from slackwater_kasten.access import Kasten
from slackwater_kasten.copies import Point
from slackwater_kasten.objects import Named, TransformSet
from slackwater_kasten.overwriting import Overlap, compare, expected_names
from slackwater_kasten.resources import CLASSES, TRANSFORM_SETS
from slackwater_kasten.restoring import standing_claims
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.voice import Voice
from slackwater_kasten.ways import Way, WayFinder


@dataclass(frozen=True)
class Surroundings:
    """What was read of the target.

    ``local`` is the point as the target's own catalogue shows it, ``way`` how it comes there where
    it does not. ``claims`` stand in the namespace. ``overlap`` is what would be overwritten; None
    where nothing is to be, or where K10 does not tell what the point holds, as before an import.
    ``transforms`` are those of the settings' TransformSets as they are now, by the set.
    ``findings`` are about what is mapped to.
    """

    local: Point | None
    way: Way | Finding | None = None
    claims: Sequence[str] = ()
    overlap: Overlap | None = None
    transforms: Mapping[str, Sequence[Mapping[str, object]]] = field(default_factory=dict)
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Surveyor:
    """Looks around for one restore."""

    kasten: Kasten
    settings: KastenSettings
    request: RestoreRequest
    voice: Voice

    def look(self, local: Point | None, ways: WayFinder) -> Surroundings:
        """Return what was seen."""
        sets = {name: self._set(name) for name in self.settings.transform_sets}
        good = {name: found.spec.transforms or () for name, found in sets.items() if found}
        return Surroundings(
            local=local,
            way=None if local else ways.find(),
            claims=standing_claims(self.kasten, self.request.namespace),
            overlap=self._overlap(local),
            transforms=good,
            findings=(*self._class_findings(), *self._set_findings(sets)),
        )

    def _overlap(self, local: Point | None) -> Overlap | None:
        request = self.request
        if local is None or request.existing is not Existing.UPDATE:
            return None
        content = local.first.metadata.name
        expected = expected_names(self.kasten, content, request.workload.namespace)
        return compare(self.kasten, expected, request.namespace) if expected else None

    def _class_findings(self) -> Iterator[Finding]:
        """K10 finds out that a class is missing when it restores, half-way."""
        for name in sorted(set(self.request.mapping.storage_classes.values())):
            try:
                there = self.kasten.find(CLASSES, name, Named) is not None
            except PermissionDenied as denied:
                yield self.voice.warning("class-not-seen", name, str(denied))
                continue
            if not there:
                yield self.voice.error(
                    "no-storage-class",
                    name,
                    f"{self.request.target} has no storage class {name}",
                    "map to one that is there: kubectl get storageclasses",
                )

    def _set(self, name: str) -> TransformSet | None:
        found = self.kasten.find(TRANSFORM_SETS, name, TransformSet)
        return found if found and (not found.status or _is_good(found)) else None

    def _set_findings(self, sets: Mapping[str, TransformSet | None]) -> Iterator[Finding]:
        for name, found in sets.items():
            if found is None:
                yield self.voice.error(
                    "no-transform-set",
                    name,
                    f"TransformSet {name} is not there, or K10 calls it not valid",
                    self.voice.kubectl(f"get transformsets.config.kio.kasten.io {name} -o yaml"),
                )


def _is_good(found: TransformSet) -> bool:
    return found.status is not None and found.status.validation in ("", "Success")
