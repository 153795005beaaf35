"""Stops an action by a CancelAction, which K10 takes and does not keep. Best effort."""

from __future__ import annotations

from contextlib import suppress

from slackwater.clusters import Resource
from slackwater.errors import ObjectExists
from slackwater_kasten.access import Kasten
from slackwater_kasten.naming import digest
from slackwater_kasten.resources import CANCEL_ACTIONS, KINDS, manifest


def stop_action(kasten: Kasten, kind: Resource, namespace: str, name: str) -> None:
    """Ask K10 to stop an action; remaining retries stop too. Twice is fine."""
    subject = {
        "apiVersion": "actions.kio.kasten.io/v1alpha1",
        "kind": KINDS[kind],
        "name": name,
        "namespace": namespace,
    }
    own = f"sw-cancel-{digest([KINDS[kind], namespace, name])[:16]}"
    body = manifest(CANCEL_ACTIONS, own, namespace, spec={"subject": subject})
    with suppress(ObjectExists):  # asked for already
        kasten.create(CANCEL_ACTIONS, body, namespace=namespace)
