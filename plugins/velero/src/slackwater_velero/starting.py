"""Creates the object of an operated act exactly once for its key, from however many processes."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.clusters import Resource
from slackwater.errors import KeyReused, ObjectExists, TransientBackendError
from slackwater.model.act import Act, Key
from slackwater_velero import labels
from slackwater_velero.access import Velero
from slackwater_velero.acts import text, words
from slackwater_velero.naming import intent
from slackwater_velero.objects import Named
from slackwater_velero.resources import manifest
from slackwater_velero.voice import TOOL


def start_once(
    velero: Velero, kind: Resource, act: Act, key: Key, spec: Mapping[str, object]
) -> str:
    """Return the name of the object that stands for the key; create it where there is none.

    Looked for by the key first, for an act with another content would get another name. Two
    processes that both find nothing choose the same name, and the API server lets one create it.
    """
    found = _under_key(velero, kind, key)
    if found is None:
        found = _create(velero, kind, act, key, spec)
    if found is None:
        return _name(act, key)
    said = found.metadata.annotations or {}
    if said.get(labels.KEY) != full_key(key) or said.get(labels.INTENT) != intent(act.payload):
        raise KeyReused(
            f"{kind} {found.metadata.name} was made under the key {full_key(key)} for something "
            "else than is asked for now",
            backend=TOOL,
            cluster=velero.cluster.name,
            operation=act.title,
        )
    return found.metadata.name


def full_key(key: Key) -> str:
    """Return the key as it stands in an annotation."""
    return f"{key.run}/{key.step}/{key.generation}"


def _under_key(velero: Velero, kind: Resource, key: Key) -> Named | None:
    """Digests are short: only an object that names the whole key is meant."""
    for found in velero.list(kind, Named, selector=f"{labels.KEY}={key.digest}"):
        if (found.metadata.annotations or {}).get(labels.KEY) == full_key(key):
            return found
    return None


def _create(
    velero: Velero, kind: Resource, act: Act, key: Key, spec: Mapping[str, object]
) -> Named | None:
    """Create it and return None; or return what took the name in the same moment."""
    name = _name(act, key)
    marks = {labels.KEY: full_key(key), labels.INTENT: intent(act.payload)}
    body = manifest(
        kind,
        name,
        velero.namespace,
        labels={**words(act.payload, "labels"), labels.KEY: key.digest},
        annotations={**words(act.payload, "annotations"), **marks},
        spec=dict(spec),
    )
    try:
        velero.create(kind, body)
    except ObjectExists as error:
        taken = velero.find(kind, name, Named)
        if taken is None:
            raise TransientBackendError(
                f"{kind} {name} came and went", backend=TOOL, cluster=velero.cluster.name
            ) from error
        return taken
    return None


def _name(act: Act, key: Key) -> str:
    return key.name(text(act.payload, "stem"))
