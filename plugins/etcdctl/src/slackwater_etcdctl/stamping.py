"""Writes on the manifest of a recovery point what is known only after it was made."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.errors import Unsupported
from slackwater.model.recovery_point import Stamp
from slackwater.stores import ArtefactStore, Manifest
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.translation import read_facts


def write_stamp(manifest: Manifest, values: Mapping[str, str], store: ArtefactStore) -> None:
    """Write fields of the stamp; the same again changes nothing.

    Raises ``BackendUnavailable`` where somebody else changed the manifest meanwhile, and
    ``Unsupported`` where it carries no stamp of ours.
    """
    facts = read_facts(manifest)
    if facts is None or facts.stamp is None:
        raise Unsupported(f"{manifest.name} was not made by us, so it is not changed", backend=TOOL)
    stamp = Stamp.model_validate({**facts.stamp.model_dump(), **values})
    if stamp != facts.stamp:
        changed = {**manifest.facts, "stamp": stamp.model_dump(mode="json")}
        store.update(manifest.model_copy(update={"facts": changed}))
