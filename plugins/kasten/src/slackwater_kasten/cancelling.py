"""Stops an action by a CancelAction, which K10 takes and does not keep. Best effort."""

from __future__ import annotations

from contextlib import suppress

from slackwater.errors import ObjectExists, Unsupported
from slackwater.model.operation import OperationRef
from slackwater_kasten.access import Kasten
from slackwater_kasten.explaining import not_found
from slackwater_kasten.naming import digest
from slackwater_kasten.objects import Named
from slackwater_kasten.operations import ACTIONS, Handle
from slackwater_kasten.resources import CANCEL_ACTIONS, KINDS, RUN_ACTIONS, manifest
from slackwater_kasten.voice import TOOL


def cancel(kasten: Kasten, ref: OperationRef) -> None:
    """Ask K10 to stop an action; remaining retries stop too."""
    handle = Handle.of(ref)
    kind = {**ACTIONS, "run": RUN_ACTIONS}.get(handle.sort)
    if kind is None:
        raise Unsupported(f"{ref}: K10 cannot stop this", backend=TOOL, cluster=kasten.cluster.name)
    space, name = handle.namespace, handle.name
    if kasten.find(kind, name, Named, namespace=space) is None:
        raise not_found(f"{handle.sort} {space}/{name}", kasten)
    subject = {
        "apiVersion": "actions.kio.kasten.io/v1alpha1",
        "kind": KINDS[kind],
        "name": name,
        "namespace": space,
    }
    body = manifest(
        CANCEL_ACTIONS, f"sw-cancel-{digest(ref.handle)[:16]}", space, spec={"subject": subject}
    )
    with suppress(ObjectExists):  # asked for already
        kasten.create(CANCEL_ACTIONS, body, namespace=space)
