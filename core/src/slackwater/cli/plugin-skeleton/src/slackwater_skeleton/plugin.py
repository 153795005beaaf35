"""How Slackwater finds skeleton: the plugin's one hook, and the discovery for ``init``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import BaseModel

from slackwater.backend import Backend, BackendType, Context, hookimpl
from slackwater.clusters import Cluster
from slackwater_skeleton.settings import SkeletonSettings


def discover(cluster: Cluster) -> Mapping[str, object] | None:
    """Return settings for the tool in a cluster, or None: a cluster does not tell where it is."""
    del cluster
    return None


def create(settings: BaseModel, context: Context) -> Backend:
    """Make the backend; contacts nothing."""
    from slackwater_skeleton.backend import SkeletonBackend  # not for a list of plugins

    return SkeletonBackend(cast(SkeletonSettings, settings), context)


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Offer it."""
    yield BackendType(
        name="skeleton",
        summary="recovery points of skeleton, listed and read",
        settings=SkeletonSettings,
        discover=discover,
        create=create,
        contract_version=1,  # the one that this was written for: another core says what to upgrade
    )
