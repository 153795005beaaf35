"""Creates the action of an operated act exactly once for its key, from however many processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slackwater.clusters import Resource
from slackwater.errors import KeyReused, ObjectExists, TransientBackendError
from slackwater.model.act import Act, Key
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.naming import digest, intent
from slackwater_kasten.objects import Named
from slackwater_kasten.resources import manifest
from slackwater_kasten.voice import TOOL


@dataclass(frozen=True)
class Wanted:
    """The action that stands for an act: of which kind, where, and what it is to do."""

    kind: Resource
    namespace: str
    stem: str
    spec: Mapping[str, object]
    labels: Mapping[str, str]


def under_key(kasten: Kasten, kind: Resource, act: Act, key: Key) -> tuple[str, str] | None:
    """Return namespace and name of the action that was made under the key, if one was.

    Digests are short: only an action with the longer hash is meant. Raises ``KeyReused``.
    """
    for found in kasten.list_ours(kind, Named, f"{labels.KEY}={key.digest}"):
        if found.metadata.label(labels.WHOLE_KEY) == whole(key):
            _require_same(kasten, kind, found, act, key)
            return found.metadata.namespace, found.metadata.name
    return None


def create_once(kasten: Kasten, act: Act, key: Key, wanted: Wanted) -> tuple[str, str]:
    """Create the action; or return what took the name in the same moment, if it is the same."""
    name = key.name(wanted.stem)
    marks = {
        labels.KEY: key.digest,
        labels.WHOLE_KEY: whole(key),
        labels.RUN_HASH: run_hash(key),
        labels.INTENT: intent(act.payload),
    }
    body = manifest(
        wanted.kind,
        name,
        wanted.namespace,
        labels={**wanted.labels, **marks},
        spec=dict(wanted.spec),
    )
    try:
        kasten.create(wanted.kind, body, namespace=wanted.namespace)
    except ObjectExists as error:
        taken = kasten.find(wanted.kind, name, Named, namespace=wanted.namespace)
        if taken is None:
            raise TransientBackendError(
                f"{wanted.kind} {name} came and went", backend=TOOL, cluster=kasten.cluster.name
            ) from error
        _require_same(kasten, wanted.kind, taken, act, key)
    return wanted.namespace, name


def whole(key: Key) -> str:
    """Return a hash of the whole key that fits into a label."""
    return digest([key.run, key.step, key.generation])[:40]


def run_hash(key: Key) -> str:
    """Return a hash of the run that fits into a label."""
    return digest(key.run)[:16]


def _require_same(kasten: Kasten, kind: Resource, found: Named, act: Act, key: Key) -> None:
    metadata = found.metadata
    same_key = metadata.label(labels.WHOLE_KEY) == whole(key)
    if same_key and metadata.label(labels.INTENT) == intent(act.payload):
        return
    raise KeyReused(
        f"{kind} {metadata.name} was made under the key {key.run}/{key.step}/{key.generation} for "
        "something else than is asked for now",
        backend=TOOL,
        cluster=kasten.cluster.name,
        operation=act.title,
    )
