"""Lists recovery points: those of the store, and snapshots that no manifest names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from functools import cache

from pydantic import ValidationError

from slackwater.errors import ArtefactDamaged, RecoveryPointNotFound, Unsupported
from slackwater.model.finding import Finding
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.stores import Manifest
from slackwater_csi import labels
from slackwater_csi.errors import TOOL, named_errors
from slackwater_csi.facts import PointFacts, is_in_the_making
from slackwater_csi.objects import Content, Snapshot
from slackwater_csi.resources import CONTENTS, SNAPSHOTS
from slackwater_csi.site import Site
from slackwater_csi.translation import Translator, local_store
from slackwater_csi.vouching import Vouchers, all_vouchers, vouchers_of

AskVouchers = Callable[[PointFacts], Vouchers]
"""Returns the contents that may stand for a point's snapshots."""


def list_points(site: Site) -> Iterator[RecoveryPoint]:
    """Yield every point once; two lists, and the manifests that are new."""
    snapshots = site.here.list_if_served(SNAPSHOTS, Snapshot)
    translator = translator_of(site)
    published = set[str]()
    vouchers = cache(lambda: all_vouchers(site.here))  # not where the store holds nothing of ours
    for point in _stored(site, translator, lambda _: vouchers()):
        published.add(point.name)
        yield point
    yield from map(translator.adopted, adopted_among(snapshots, published))


def read_point(site: Site, point: PointId) -> RecoveryPoint:
    """Return one point, looked into. Raises ``RecoveryPointNotFound``."""
    translator = translator_of(site)
    if point.tool == TOOL and point.store == local_store(translator.uid):
        snapshot, content = find_adopted(site, point)
        return translator.adopted(snapshot, content)
    return translated(translator, manifest_of(site, point), lambda f: vouchers_of(site.here, f))


def manifest_of(site: Site, point: PointId) -> Manifest:
    """Return the manifest of a point in the store. Raises ``RecoveryPointNotFound``."""
    if site.settings.store and point.tool == TOOL and not is_in_the_making(point.name):
        store = site.store()
        if point.store in ("", store.identity):
            with named_errors(site.cluster):
                try:
                    return store.manifest(point.name)
                except ValueError:
                    pass  # no name of a recovery point in a store
    raise not_here(site, point)


def find_adopted(site: Site, point: PointId) -> tuple[Snapshot, Content]:
    """Return the snapshot and the content of a point that no manifest names."""
    content = site.here.find(CONTENTS, point.name, Content)
    ref = content.spec.volume_snapshot_ref if content else None
    if content is None or ref is None or not ref.name:
        raise not_here(site, point)
    snapshot = site.here.find(SNAPSHOTS, ref.name, Snapshot, namespace=ref.namespace)
    if snapshot is None or snapshot.content != content.name:
        raise not_here(site, point)
    return snapshot, content


def translator_of(site: Site) -> Translator:
    """Return the translator for one look at the cluster."""
    uid = site.here.uid()
    if not site.settings.store:
        return Translator(site.voice, uid)
    store = site.store()
    return Translator(site.voice, uid, store.name, store.identity)


def not_here(site: Site, point: PointId) -> RecoveryPointNotFound:
    """Return the error for a point that neither store nor cluster shows."""
    return RecoveryPointNotFound(
        f"{site.cluster} shows no recovery point {point}", backend=TOOL, cluster=site.cluster
    )


def _stored(site: Site, translator: Translator, vouchers: AskVouchers) -> Iterator[RecoveryPoint]:
    if not site.settings.store:
        return
    unreadable: list[Finding] = []
    with named_errors(site.cluster):
        for manifest in site.store().manifests(unreadable.append):
            if manifest.facts.get("kind") not in ("draft", "hooks"):
                yield translated(translator, manifest, vouchers)
    yield from map(translator.unreadable, unreadable)


def translated(translator: Translator, manifest: Manifest, vouchers: AskVouchers) -> RecoveryPoint:
    """Translate a point; where its snapshots lie in this cluster, by what stands for them here."""
    try:
        facts = PointFacts.model_validate(manifest.facts)
    except ValidationError:
        return translator.strange(manifest)
    own = facts.stamp is not None and facts.stamp.cluster_uid == translator.uid
    return translator.point(manifest.name, facts, vouchers(facts).doubts(facts) if own else {})


def own_points(manifests: Iterable[Manifest], uid: str) -> Iterator[tuple[str, PointFacts]]:
    """Yield what manifests say of each point whose snapshots lie in the storage of the cluster."""
    for manifest in manifests:
        with suppress(ValidationError):
            facts = PointFacts.model_validate(manifest.facts)
            if facts.stamp is not None and facts.stamp.cluster_uid == uid and not facts.deleting:
                yield manifest.name, facts


def adopted_among(snapshots: Iterable[Snapshot], published: Collection[str]) -> Iterator[Snapshot]:
    """Yield those that no manifest names: each is a point by itself."""
    for snapshot in snapshots:
        if snapshot.metadata.label(labels.POINT) not in published and not _shows(snapshot):
            yield snapshot


def _shows(snapshot: Snapshot) -> bool:
    """Whether a snapshot only shows a content for a restore of ours."""
    made = snapshot.metadata.label(labels.KEY)
    return bool(made and snapshot.spec.source.volume_snapshot_content_name)


UNREADABLE = (ArtefactDamaged, Unsupported)
"""A manifest that is there, and tells nothing."""
