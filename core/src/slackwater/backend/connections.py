"""The fleet, connected: one way to each cluster, one backend for each of its tools."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from slackwater.backend.contract import Backend, BackendType, Context
from slackwater.clusters import Cluster
from slackwater.errors import ConfigurationError, Problem
from slackwater.fleet import ClusterEntry, FleetFile
from slackwater.model.own_record import OwnRecords
from slackwater.model.secret import ReferenceKind, parse_reference
from slackwater.stores import ArtefactStore, open_store
from slackwater.stores.spool import Leftover, Spool


@dataclass
class Connections:
    """Makes clusters and backends when they are first asked for, and closes them all.

    ``secret`` follows references to secrets, for a backend in a cluster; ``spool`` is the root of
    the spool in which backends get their folders. Nothing is contacted before a call needs it.
    """

    fleet: FleetFile
    types: Mapping[str, BackendType]
    secret: Callable[[str, Cluster], str]
    spool: Path
    clock: Callable[[], datetime]
    timeout: float = 10.0
    _clusters: dict[str, Cluster] = field(default_factory=dict, repr=False)
    _backends: dict[tuple[str, str], Backend] = field(default_factory=dict, repr=False)
    _own_spool: Spool | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all clusters, as the fleet file orders them."""
        return tuple(self.fleet.clusters)

    @property
    def swept(self) -> tuple[Leftover, ...]:
        """What killed processes had left in the spool; it was removed."""
        return self._own_spool.swept if self._own_spool is not None else ()

    @property
    def own_records(self) -> OwnRecords:
        """What all installed tools keep for themselves, whether the fleet file names them or not:
        other people may use them in the same clusters.
        """
        return OwnRecords(record for kind in self.types.values() for record in kind.own_records)

    def entry(self, cluster: str) -> ClusterEntry:
        """Return what the fleet file says of a cluster."""
        try:
            return self.fleet.clusters[cluster]
        except KeyError:
            known = ", ".join(self.names)
            problem = Problem(f'no cluster "{cluster}" in the fleet (known: {known})')
            raise ConfigurationError(problem) from None

    def tools(self, cluster: str) -> tuple[str, ...]:
        """Return the tools that the fleet file names for a cluster."""
        return tuple(self.entry(cluster).backends)

    def cluster(self, name: str) -> Cluster:
        """Return the way to a cluster's API server."""
        with self._lock:
            if name not in self._clusters:
                self._clusters[name] = self._connect(self.entry(name))
            return self._clusters[name]

    def backend(self, cluster: str, tool: str) -> Backend:
        """Return the backend of a tool in a cluster."""
        with self._lock:
            key = (cluster, tool)
            if key not in self._backends:
                self._backends[key] = self._create(cluster, tool)
            return self._backends[key]

    def close(self) -> None:
        """Close every backend and every cluster. Twice is fine."""
        with self._lock:
            for backend in self._backends.values():
                backend.close()
            for cluster in self._clusters.values():
                cluster.close()
            self._backends.clear()
            self._clusters.clear()
            if self._own_spool is not None:
                self._own_spool.close()
                self._own_spool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _connect(self, entry: ClusterEntry) -> Cluster:
        return Cluster(
            entry.name,
            kubeconfig=self._kubeconfig(entry),
            context=entry.context,
            timeout=self.timeout,
            clock=self.clock,
        )

    def _kubeconfig(self, entry: ClusterEntry) -> Path | None:
        """Return the file that is referred to; relative to the fleet file's folder.

        Only ``file:`` makes sense here: login needs a file, and we leave no copy of one about.
        """
        if entry.kubeconfig is None:
            return None
        reference = parse_reference(entry.kubeconfig)
        if reference.kind is not ReferenceKind.FILE:
            problem = Problem(
                f"{reference.kind}: cannot name a kubeconfig; write file:/path",
                field=f"clusters.{entry.name}.kubeconfig",
                file=str(self.fleet.path),
            )
            raise ConfigurationError(problem)
        return self.fleet.path.parent / Path(reference.parts[0]).expanduser()

    def _create(self, cluster: str, tool: str) -> Backend:
        settings = self.entry(cluster).backends.get(tool)
        if settings is None:
            problem = Problem(f'cluster "{cluster}" has no backend "{tool}" in the fleet file')
            raise ConfigurationError(problem)
        reached = self.cluster(cluster)

        def secret(reference: str) -> str:
            return self.secret(reference, reached)

        context = Context(
            cluster=reached,
            secret=secret,
            spool=self._spool_folder(cluster, tool),
            clock=self.clock,
            store=lambda name: self._store(name, tool, secret),
        )
        return self.types[tool].create(settings, context)

    def _store(self, name: str, tool: str, secret: Callable[[str], str]) -> ArtefactStore:
        entry = self.fleet.stores.get(name)
        if entry is None:
            known = ", ".join(self.fleet.stores) or "none"
            problem = Problem(
                f'no store "{name}" in the fleet (known: {known})', file=str(self.fleet.path)
            )
            raise ConfigurationError(problem)
        return open_store(name, entry, secret, tool=tool, clock=self.clock)

    def _spool_folder(self, cluster: str, tool: str) -> Path:
        """Make a private folder, sweeping what killed processes left.

        Where none can be made, only a backend that writes into it has a reason to complain.
        """
        try:
            if self._own_spool is None:
                self._own_spool = Spool(self.spool)
            return self._own_spool.folder(cluster, tool)
        except OSError:
            return self.spool / cluster / tool
