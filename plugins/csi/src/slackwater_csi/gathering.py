"""Reads what is kept beside the snapshots: the namespace, its claims, and its objects if asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from slackwater.backend import Report, Stopped
from slackwater.clusters import Object, Resource
from slackwater.clusters.decoding import convert
from slackwater.model.operation import Progress
from slackwater_csi.access import Here
from slackwater_csi.acts import BackupWork
from slackwater_csi.errors import gone_wrong
from slackwater_csi.facts import VolumeFacts
from slackwater_csi.kinds import is_kept, kept_kinds
from slackwater_csi.objects import Claim
from slackwater_csi.resources import CLAIMS, SPACES
from slackwater_csi.volume_modes import mode_of

_LATE = "its claim was made after the backup was planned"


@dataclass
class Gathering:
    """What is read for one backup; counts grow while the lines are walked through."""

    here: Here
    work: BackupWork
    report: Report
    objects: int = 0
    claims: list[Object] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[bytes]:
        """Yield a line for each object. Raises where a claim is gone that was to be snapshotted."""
        for kind, content in self._read():
            if self.report.stopping:
                raise Stopped
            yield _line(kind, content)

    def volumes(self) -> tuple[VolumeFacts, ...]:
        """The claims as they were, those that are passed over with the reason."""
        return tuple(self._facts(claim) for claim in self.claims)

    def _read(self) -> Iterator[tuple[Resource, Object]]:
        space = self.here.find(SPACES, self.work.namespace, Object)
        if space is None:
            raise gone_wrong(f"namespace {self.work.namespace} is gone", self.here.name)
        self.labels = dict(space["metadata"].get("labels") or {})
        yield SPACES, space
        self.claims = list(self._claims())
        for claim in self.claims:
            yield CLAIMS, claim
        self.report.progress(Progress(done=len(self.claims), unit="claims"))
        if self.work.objects:
            yield from self._objects()

    def _claims(self) -> Iterator[Object]:
        found = self.here.list(CLAIMS, Object, namespace=self.work.namespace)
        wanted = [c for c in found if self.work.claim in ("", c["metadata"]["name"])]
        missing = set(self.work.claims) - {claim["metadata"]["name"] for claim in wanted}
        if missing:
            raise gone_wrong(
                f"claims are gone since the backup was planned: {', '.join(sorted(missing))}",
                self.here.name,
                "back up again",
            )
        yield from wanted

    def _objects(self) -> Iterator[tuple[Resource, Object]]:
        for kind in kept_kinds(self.here):
            for found in self.here.list(kind, Object, namespace=self.work.namespace):
                if is_kept(kind, found):
                    self.objects += 1
                    yield kind, found
            self.report.progress(Progress(done=self.objects))

    def _facts(self, content: Object) -> VolumeFacts:
        name, spec = content["metadata"]["name"], content.get("spec") or {}
        held = name in self.work.claims
        return VolumeFacts(
            namespace=self.work.namespace,
            claim=name,
            held=held,
            reason="" if held else self.work.passed.get(name, _LATE),
            snapshot_class=self.work.claims.get(name, ""),
            storage_class=spec.get("storageClassName") or "",
            volume_mode=mode_of(content),
            requested=convert(content, Claim).requested,
        )


def _line(kind: Resource, content: Object) -> bytes:
    content["metadata"].pop("managedFields", None)
    entry = {"group": kind.group, "version": kind.version, "plural": kind.plural, "object": content}
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"
