"""What every testbed of several clusters has, whatever its clusters are made of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from slackwater_testbed import kubeconfig
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.nodes.cgroups import remove_cgroups
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.processes import ProcessRecord, end
from slackwater_testbed.server import Server

C = TypeVar("C", bound=ControlPlane)


class Clusters(Generic[C]):
    """Clusters in a folder, with one object store."""

    folder: Path
    objectstore: ObjectStore
    clusters: Mapping[str, C]

    def __getitem__(self, name: str) -> C:
        return self.clusters[name]

    def __iter__(self) -> Iterator[C]:
        return iter(self.clusters.values())

    @cached_property
    def kubeconfig(self) -> Path:
        """A kubeconfig with the administrator of each cluster; contexts have their names."""
        return kubeconfig.write(self.folder / "kubeconfig", [cluster.login() for cluster in self])

    @property
    def servers(self) -> list[Server]:
        """All servers of all clusters, and the object store's."""
        return [self.objectstore.server, *(server for each in self for server in each.servers)]

    @property
    def running(self) -> bool:
        """Whether every process runs."""
        return all(server.running for server in self.servers)

    def remove(self) -> None:
        """End every process and delete every trace."""
        remove(self.folder)


def remove(folder: Path) -> None:
    """End every process that was started for a testbed in this folder, and delete the folder.

    A testbed lies in a folder of its own, none within another: deeper than a machine's folder
    nothing is looked for.
    """
    for file in folder.glob("*/*.pid"):
        record = ProcessRecord.read(file)
        if record is not None:
            end(record)
    for machine in folder.glob("*/"):
        remove_cgroups(machine)
    shutil.rmtree(folder, ignore_errors=True)
