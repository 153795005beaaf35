"""Performs the first act of a backup: manifests into the store, under a draft that counts nothing.

Later acts, in other processes, know the artefact from the draft alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from pydantic import ValidationError

from slackwater.backend import Report
from slackwater.clusters import Object, Resource
from slackwater.errors import RecoveryPointNotFound
from slackwater.model.act import Key
from slackwater.stores import ArtefactStore, Manifest
from slackwater_csi.acts import BackupWork
from slackwater_csi.errors import TOOL, gone_wrong
from slackwater_csi.facts import PART, DraftFacts, PointFacts, draft_name
from slackwater_csi.gathering import Gathering
from slackwater_csi.naming import point_name
from slackwater_csi.site import Site


def keep_manifests(site: Site, work: BackupWork, key: Key, report: Report) -> Mapping[str, object]:
    """Write the manifests once. Told is what counts, whoever wrote it."""
    store, name = site.store(), point_name(work.stem, work.request, key)
    facts = find_point(store, name) or find_draft(store, name) or _write(site, work, name, report)
    return {"claims": facts.claims, "objects": facts.objects}


def find_draft(store: ArtefactStore, point: str) -> DraftFacts | None:
    """Return the draft of a point, or None."""
    try:
        return DraftFacts.model_validate(store.manifest(draft_name(point)).facts)
    except RecoveryPointNotFound:
        return None


def find_point(store: ArtefactStore, point: str) -> PointFacts | None:
    """Return what the store says of a point, or None where it has none of ours by this name."""
    try:
        return PointFacts.model_validate(store.manifest(point).facts)
    except (RecoveryPointNotFound, ValidationError):
        return None


def _write(site: Site, work: BackupWork, name: str, report: Report) -> DraftFacts:
    store, began = site.store(), site.clock()
    gathering = Gathering(site.here, work, report)
    artefact = store.write(name, PART, gathering.lines())
    volumes = gathering.volumes()
    facts = DraftFacts(
        artefact=artefact,
        volumes=volumes,
        objects=gathering.objects,
        claims=len(volumes),
        labels=gathering.labels,
        began=began,
        ended=site.clock(),
    )
    draft = Manifest(
        name=draft_name(name), tool=TOOL, made_at=site.clock(), facts=facts.as_manifest()
    )
    return DraftFacts.model_validate(store.publish(draft).facts)


def read_manifests(site: Site, point: str) -> Iterator[tuple[Resource, Object]]:
    """Yield what was kept, with its kind. Needs an identity that opens the store's artefacts."""
    store = site.store()
    try:
        artefact = store.manifest(point).artefact(PART)
    except KeyError:
        raise gone_wrong(f"{point} has no manifests", site.cluster) from None
    site.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.spool, prefix="restore-") as folder:
        file = Path(folder) / PART
        store.read(artefact, file)
        with file.open("rb") as lines:
            for line in lines:
                entry = msgspec.json.decode(line)
                kind = Resource(entry["group"], entry["version"], entry["plural"])
                yield kind, entry["object"]
