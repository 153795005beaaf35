"""What runs need of the world around them."""

from __future__ import annotations

from typing import Protocol

from slackwater.backend import Backend
from slackwater.clusters import Cluster
from slackwater.model.own_record import OwnRecords


class World(Protocol):
    """The ways to clusters and tools, usable from several threads."""

    @property
    def own_records(self) -> OwnRecords:
        """What tools keep for themselves in the namespaces of others."""

    def backend(self, cluster: str, tool: str) -> Backend:
        """Return the backend of a tool in a cluster."""

    def cluster(self, name: str) -> Cluster:
        """Return the way to a cluster's API server."""
