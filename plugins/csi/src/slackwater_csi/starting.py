"""Creates what an operated act consists of, once for its key, however many processes try."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from slackwater.clusters import Resource
from slackwater.errors import KeyReused, ObjectExists
from slackwater.model.act import Act, Key
from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.acts import BackupWork
from slackwater_csi.errors import TOOL, gone_wrong, not_yet
from slackwater_csi.naming import digest, member_name, run_hash, whole
from slackwater_csi.objects import Named
from slackwater_csi.resources import SNAPSHOTS, GroupKinds, manifest

EVERY_CLAIM = {"key": f"{labels.OURS}never", "operator": "DoesNotExist"}
"""Selects every claim of a namespace, and is no empty selector."""


def marks(act: Act, key: Key, request: str) -> dict[str, str]:
    """Return the labels by which what is made under a key is found again."""
    return {
        labels.KEY: key.digest,
        labels.WHOLE_KEY: whole(key),
        labels.RUN: run_hash(key),
        labels.REQUEST: request,
        labels.INTENT: _intent(act),
    }


def made_under(here: Here, kind: Resource, act: Act, key: Key) -> list[Named]:
    """Return what was made under the key, in any namespace; digests are short, hashes are not.

    Raises ``KeyReused`` where it was made for something else.
    """
    found = [
        each
        for each in here.list(kind, Named, selector=f"{labels.KEY}={key.digest}")
        if each.metadata.label(labels.WHOLE_KEY) == whole(key)
    ]
    for each in found:
        _require_same(here, kind, each, act, key)
    return found


def create_once(here: Here, kind: Resource, body: Mapping[str, object], act: Act, key: Key) -> None:
    """Create an object, or find that it was made under the same key for the same."""
    namespace = str(_metadata(body).get("namespace", ""))
    try:
        here.create(kind, body, namespace=namespace)
    except ObjectExists as error:
        name = str(_metadata(body)["name"])
        taken = here.find(kind, name, Named, namespace=namespace)
        if taken is None:
            raise not_yet(f"{kind} {name} came and went", here.name) from error
        _require_same(here, kind, taken, act, key)


def start_snapshots(here: Here, act: Act, work: BackupWork, key: Key) -> str:
    """Create all snapshots at once, or the group of them; return the operation's handle.

    Where pods are held for them the operation is over when they are taken, ready or not.
    """
    count, space = len(work.claims), work.namespace
    if work.group:
        kinds = GroupKinds(work.group_version)
        if not made_under(here, kinds.snapshots, act, key):
            create_once(here, kinds.snapshots, _group(act, work, key, kinds), act, key)
        sort = "taken" if work.held_within else "group"
        return f"{sort}/{space}/{key.digest}/{count}/{work.group_version}"
    made = {each.claim for each in made_under(here, SNAPSHOTS, act, key)}
    for body in _snapshots(act, work, key, without=made):
        create_once(here, SNAPSHOTS, body, act, key)
    return f"{'taken' if work.held_within else 'snapshots'}/{space}/{key.digest}/{count}"


def start_ready(here: Here, work: BackupWork, key: Key) -> str:
    """Return the handle of what was begun and is taken: nothing is made here, only waited for."""
    selector = request_selector(work.request, key)
    kind = GroupKinds(work.group_version).snapshots if work.group else SNAPSHOTS
    found = list(here.list(kind, Named, selector=selector))
    if not found:
        raise gone_wrong(f"the snapshots of {work.namespace} are gone", here.name, "back up again")
    newest = max(found, key=lambda each: str(each.metadata.creation_timestamp))
    made = newest.metadata.label(labels.KEY)
    return f"ready/{work.namespace}/{made}/{len(work.claims)}/{work.group_version}"


def request_selector(request: str, key: Key) -> str:
    """Return the selector of what a run has made for a request."""
    return f"{labels.REQUEST}={request},{labels.RUN}={run_hash(key)}"


def _snapshots(
    act: Act, work: BackupWork, key: Key, *, without: Collection[str]
) -> Iterable[Mapping[str, object]]:
    for claim, snapshot_class in sorted(work.claims.items()):
        if claim in without:
            continue
        yield manifest(
            SNAPSHOTS,
            member_name(key.name(work.stem, longest=54), claim),
            work.namespace,
            labels=marks(act, key, work.request),
            annotations=_notes(work, claim),
            spec={
                "volumeSnapshotClassName": snapshot_class,
                "source": {"persistentVolumeClaimName": claim},
            },
        )


def _group(act: Act, work: BackupWork, key: Key, kinds: GroupKinds) -> Mapping[str, object]:
    return manifest(
        kinds.snapshots,
        key.name(work.stem),
        work.namespace,
        labels=marks(act, key, work.request),
        annotations=_notes(work),
        spec={
            "volumeGroupSnapshotClassName": work.group,
            "source": {"selector": {"matchExpressions": [EVERY_CLAIM]}},
        },
    )


def _notes(work: BackupWork, claim: str = "") -> dict[str, str]:
    stamp = json.dumps(work.stamp.model_dump(mode="json", exclude_none=True))
    notes = {labels.STAMP: stamp, labels.WITHIN: f"{work.within:g}"}
    if work.held_within:
        notes[labels.HELD_WITHIN] = f"{work.held_within:g}"
    return notes | {labels.CLAIM: claim} if claim else notes


def _require_same(here: Here, kind: Resource, found: Named, act: Act, key: Key) -> None:
    metadata = found.metadata
    same_key = metadata.label(labels.WHOLE_KEY) == whole(key)
    if same_key and metadata.label(labels.INTENT) == _intent(act):
        return
    raise KeyReused(
        f"{kind} {metadata.name} was made under the key {key.run}/{key.step}/{key.generation} for "
        "something else than is asked for now",
        backend=TOOL,
        cluster=here.name,
        operation=act.title,
    )


def _intent(act: Act) -> str:
    """A hash of what is asked for; how it is to be called is no part of that."""
    work = act.payload.get("work")
    asked = {k: v for k, v in work.items() if k != "stem"} if isinstance(work, Mapping) else {}
    return digest([act.payload.get("do"), asked])[:32]


def _metadata(body: Mapping[str, object]) -> Mapping[str, object]:
    found = body["metadata"]
    return found if isinstance(found, Mapping) else {}


def in_selector(values: Sequence[str], label: str) -> str:
    """Return a selector for objects whose label has one of these values."""
    return f"{label}={values[0]}" if len(values) == 1 else f"{label} in ({','.join(values)})"
