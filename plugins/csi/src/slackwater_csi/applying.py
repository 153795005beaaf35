"""Brings the objects of a namespace back: created where they are not, changed only if asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from slackwater.backend import Report, Stopped
from slackwater.clusters import Object, Resource, with_exact_data
from slackwater.errors import ClusterError, ObjectExists, PermanentBackendError, PermissionDenied
from slackwater.model.finding import Finding
from slackwater.model.operation import Progress
from slackwater.model.request import Existing
from slackwater_csi.acts import RestoreWork
from slackwater_csi.manifests import read_manifests
from slackwater_csi.resources import CLAIMS, SPACES
from slackwater_csi.showing import ensure_namespace
from slackwater_csi.site import Site
from slackwater_csi.stripping import moved, renamed, stripped

_APART = (str(CLAIMS), str(SPACES))
"""What comes back before the objects, in its own way."""


@dataclass
class Applier:
    """Applies what one recovery point keeps; what is refused becomes a finding."""

    site: Site
    work: RestoreWork
    counts: dict[str, int] = field(default_factory=lambda: {"created": 0, "kept": 0, "changed": 0})
    refused: list[Finding] = field(default_factory=list)

    def apply(self, report: Report) -> Mapping[str, object]:
        """Apply everything in the order in which it was kept. Done again, it goes on."""
        ensure_namespace(self.site, self.work)
        for number, (kind, content) in enumerate(self._coming(), start=1):
            if report.stopping:
                raise Stopped
            self._one(kind, content)
            report.progress(Progress(done=number))
        findings = [finding.model_dump(mode="json") for finding in self.refused]
        return {**self.counts, "findings": findings}

    def _coming(self) -> Iterator[tuple[Resource, Object]]:
        source, target = self.work.source, self.work.namespace
        for kind, content in read_manifests(self.site, self.work.point):
            if str(kind) not in _APART:
                found = moved(kind, stripped(kind, content), source, target)
                yield kind, renamed(found, self.work.names)

    def _one(self, kind: Resource, content: Object) -> None:
        name, space = content["metadata"]["name"], self.work.namespace
        try:
            try:
                self.site.here.create(kind, content, namespace=space)
                self._count("created")
            except ObjectExists:
                self._stands(kind, name, content)
        except PermissionDenied:
            raise
        except PermanentBackendError as error:
            self._refused(kind, name, error)

    def _stands(self, kind: Resource, name: str, content: Object) -> None:
        if self.work.existing is Existing.KEEP:
            self._count("kept")
            return
        here, space = self.site.here, self.work.namespace
        standing = here.find(kind, name, Object, namespace=space) or {}
        here.patch(kind, name, with_exact_data(content, standing), namespace=space)
        self._count("changed")

    def _count(self, what: str) -> None:
        self.counts[what] += 1

    def _refused(self, kind: Resource, name: str, error: PermanentBackendError) -> None:
        status = error.__cause__.status if isinstance(error.__cause__, ClusterError) else 0
        way_out = (
            f"the kind {kind} is not served here: install what defines it"
            if status == 404
            else "read what the server says, and bring it back by hand"
        )
        subject = f"{self.work.namespace}/{name}"
        self.refused.append(
            self.site.voice.error("object-refused", subject, f"{kind} {name}: {error}", way_out)
        )
