"""Keeps the receive string of an export in a store of the fleet, and forgets it with the point.

What counts is the manifest, which is created once; the string itself is always encrypted.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from slackwater.errors import PermanentBackendError
from slackwater.model.act import Act, Key
from slackwater.model.recovery_point import PointId
from slackwater.stores import Manifest
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import text
from slackwater_kasten.exporting import newest_of_run
from slackwater_kasten.listing import made_point
from slackwater_kasten.objects import Action
from slackwater_kasten.receive import PART, OpenStore, find_kept, kept_name
from slackwater_kasten.resources import EXPORT_ACTIONS
from slackwater_kasten.stores import catalogue_identity
from slackwater_kasten.voice import TOOL


class _Handed(msgspec.Struct, rename="camel"):
    receive_string: str = ""

    def __repr__(self) -> str:
        return "_Handed()"


class _Export(msgspec.Struct):
    """An ExportAction, read for its receive string only."""

    spec: _Handed = msgspec.field(default_factory=_Handed)


def keep(
    kasten: Kasten, open_store: OpenStore, act: Act, key: Key, now: datetime
) -> dict[str, object]:
    """Put the string of this run's export into the store; return the point that it leads to."""
    lacking = "no export of this run has ended well, so there is no way to it that could be kept"
    export = newest_of_run(kasten, EXPORT_ACTIONS, act, key, lacking)
    store = open_store(text(act.payload, "store"))
    point = PointId(tool=TOOL, store=catalogue_identity(kasten), name=made_point(export))
    if find_kept(store, point) is None:
        name = kept_name(point)
        artefact = store.write(name, PART, [_handed_out(kasten, export).encode()])
        facts = {"point": point.model_dump(mode="json"), "cluster": kasten.cluster.name}
        store.publish(
            Manifest(name=name, tool=TOOL, made_at=now, facts=facts, artefacts=(artefact,))
        )
    return {"point": point.name}


def forget(open_store: OpenStore, act: Act) -> dict[str, object]:
    """Remove the string of a point that is deleted; gone already is fine."""
    open_store(text(act.payload, "store")).delete(text(act.payload, "kept"))
    return {"forgotten": text(act.payload, "kept")}


def _handed_out(kasten: Kasten, export: Action) -> str:
    name = export.metadata.name
    found = kasten.find(EXPORT_ACTIONS, name, _Export)
    if found is None or not found.spec.receive_string:
        raise PermanentBackendError(
            f"ExportAction {name} has no receive string (any more)",
            backend=TOOL,
            cluster=kasten.cluster.name,
            hint="back up again",
        )
    return found.spec.receive_string
