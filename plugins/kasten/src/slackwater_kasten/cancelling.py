"""Stops what a reference stands for, where K10 can."""

from __future__ import annotations

from slackwater.errors import Unsupported
from slackwater.model.operation import OperationRef
from slackwater_kasten.access import Kasten
from slackwater_kasten.explaining import not_found
from slackwater_kasten.objects import Named
from slackwater_kasten.operations import ACTIONS, Handle
from slackwater_kasten.resources import RUN_ACTIONS
from slackwater_kasten.stopping import stop_action
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
    stop_action(kasten, kind, space, name)
