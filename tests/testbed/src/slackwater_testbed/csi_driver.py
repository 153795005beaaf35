"""The testbed's own CSI driver: a volume is a directory, a snapshot a copy of it.

Its source is in `engines/csi-driver`; what it can be told to do wrong is in its `faults.go`.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from slackwater_testbed.engines import binary
from slackwater_testbed.machine import Machine
from slackwater_testbed.server import Server

NAME = "directory.testbed.slackwater"
NEVER_READY = "never-ready"
NO_LIST_SNAPSHOTS = "no-list-snapshots"


class DirectoryDriver:
    """A driver that runs, or ran, on a machine. All of its state is below `folder`.

    `registry` is the folder in which a kubelet looks for plugins; without it none finds it.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        node: str = "testbed",
        socket_file: Path | None = None,
        registry: Path | None = None,
    ) -> None:
        self.machine = machine
        self.folder = machine.folder / "csi"
        self.socket = socket_file or self.folder / "csi.sock"
        self._node = node
        self._registry = registry

    @cached_property
    def server(self) -> Server:
        """The driver's process. It keeps nothing in memory: a kill loses nothing."""
        argv = [
            str(binary("csi-driver")),
            f"-name={NAME}",
            f"-node={self._node}",
            f"-socket={self.socket}",
            f"-state={self.folder}",
            *([f"-registry={self._registry}"] if self._registry else []),
        ]
        return Server("csi-driver", self.machine, argv, self._listens)

    def start(self) -> None:
        """Start it if it does not run, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.server.start()

    @property
    def volumes(self) -> frozenset[str]:
        """The handles of all volumes that there are."""
        return self._ids("volumes")

    @property
    def snapshots(self) -> frozenset[str]:
        """The handles of all snapshots that there are, members of groups too."""
        return self._ids("snapshots")

    @property
    def groups(self) -> frozenset[str]:
        """The handles of all groups of snapshots."""
        return self._ids("groups")

    @property
    def unfinished(self) -> frozenset[str]:
        """What is being made or deleted, or was when the driver died; its start sweeps that."""
        return self._ids("making")

    def data(self, volume: str) -> Path:
        """Return the directory that a volume is: what lies in it is its content."""
        return self.folder / "volumes" / volume / "data"

    def snapshot_data(self, snapshot: str) -> Path:
        """Return the directory that a snapshot is."""
        return self.folder / "snapshots" / snapshot / "data"

    def lose(self, snapshot: str) -> None:
        """Lose a snapshot behind Kubernetes' back, as a storage system may."""
        shutil.rmtree(self.folder / "snapshots" / snapshot)

    @contextmanager
    def fault(self, name: str, text: str = "") -> Iterator[Path]:
        """Have something go wrong as long as the block lasts; yield the switch, a file.

        `name` is a call with what happens in it, such as `CreateSnapshot.error`, or `never-ready`.
        """
        switch = self.folder / "faults" / name
        switch.write_text(text)
        try:
            yield switch
        finally:
            switch.unlink(missing_ok=True)

    def mend(self) -> None:
        """End all faults."""
        for switch in (self.folder / "faults").glob("*"):
            switch.unlink(missing_ok=True)

    def _ids(self, kind: str) -> frozenset[str]:
        with suppress(FileNotFoundError):
            return frozenset(entry.name for entry in (self.folder / kind).iterdir())
        return frozenset()

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True
