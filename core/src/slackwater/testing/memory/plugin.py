"""Offers the in-memory backends as any plugin does: name this module in an entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from slackwater.backend import Backend, BackendType, Context, hookimpl
from slackwater.clusters import Cluster, utc_now
from slackwater.model.own_record import OwnRecord
from slackwater.stores.spool import Spool
from slackwater.testing.memory.archive import ArchiveBackend
from slackwater.testing.memory.backend import MemoryBackend
from slackwater.testing.memory.settings import MemorySettings
from slackwater.testing.memory.stored import StoredPoints


def _nowhere(cluster: Cluster) -> Mapping[str, object] | None:
    """A world is a file: no cluster shows it."""
    del cluster
    return None


def _create(kind: type[StoredPoints]) -> Callable[[BaseModel, Context], Backend]:
    def create(settings: BaseModel, context: Context) -> Backend:
        return kind(cast(MemorySettings, settings), context)

    return create


MEMORY = BackendType(
    name=MemoryBackend.name,
    summary="namespaces and cluster-scoped objects, in memory; for tests",
    settings=MemorySettings,
    discover=_nowhere,
    create=_create(MemoryBackend),
    own_records=(
        OwnRecord(kind="*.points.memory.test", outlives=True),
        OwnRecord(kind="images.storage.memory.test", outlives=False),
    ),
)
ARCHIVE = BackendType(
    name=ArchiveBackend.name,
    summary="control planes, in memory; for tests",
    settings=MemorySettings,
    discover=_nowhere,
    create=_create(ArchiveBackend),
)


@hookimpl
def slackwater_backend_types() -> Iterator[BackendType]:
    """Yield both."""
    yield MEMORY
    yield ARCHIVE


def build(
    *, tool: str, cluster: str, spool: str, secrets: Mapping[str, str], **settings: str
) -> Backend:
    """Make a backend of a world by plain values, in any process; see ``make_context``."""
    kind = next(kind for kind in (MEMORY, ARCHIVE) if kind.name == tool)
    context = make_context(cluster, Path(spool), secrets)
    return kind.create(MemorySettings.model_validate(settings), context)


def make_context(cluster: str, spool: Path, secrets: Mapping[str, str]) -> Context:
    """Make what a backend gets, with nothing behind the cluster.

    ``spool`` is the root of a spool, which is swept; ``secrets`` are values by reference.
    """
    return Context(
        cluster=Cluster(cluster),
        secret=secrets.__getitem__,
        spool=Spool(spool).folder(cluster),
        clock=utc_now,
    )
