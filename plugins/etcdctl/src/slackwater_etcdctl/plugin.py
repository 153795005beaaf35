"""How Slackwater finds etcdctl: the plugin's one hook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pydantic import BaseModel

from slackwater.backend import Backend, BackendType, Context, hookimpl
from slackwater_etcdctl.discovering import discover
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.settings import EtcdctlSettings


def create(settings: BaseModel, context: Context) -> Backend:
    """Make the backend; contacts nothing."""
    from slackwater_etcdctl.backend import EtcdctlBackend  # not for a list of plugins

    return EtcdctlBackend(cast(EtcdctlSettings, settings), context)


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Offer etcdctl."""
    yield BackendType(
        name=TOOL,
        summary="etcdctl: snapshots of a control plane's etcd, in an encrypted store",
        settings=EtcdctlSettings,
        discover=discover,
        create=create,
    )
