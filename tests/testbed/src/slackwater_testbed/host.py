"""What is done on a host, as commands: stop, start, restart or ask one server of a cluster.

A fleet file names such commands for the restore of a control plane. Each may be run again, and by
another process than the one that started the server.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.errors import TestbedError
from slackwater_testbed.machine import LoopbackMachine
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.ports import Ports
from slackwater_testbed.server import Server
from slackwater_testbed.velero import VeleroServer


def command(machine_folder: Path, act: str, server: str) -> list[str]:
    """Return the arguments that do one of ACTS to a server of the cluster in this folder."""
    program = [sys.executable, "-m", "slackwater_testbed", "host"]
    return [*program, str(machine_folder.parent), act, machine_folder.name, server]


def run(folder: Path, act: str, cluster: str, server: str) -> int:
    """Do it; return 0 when it is done or healthy, 1 when not. Raise TestbedError."""
    if not (folder / cluster).is_dir():
        raise TestbedError(f"there is no cluster {cluster} in {folder}")
    plane = ControlPlane(cluster, LoopbackMachine(folder / cluster, Ports(folder / "ports.json")))
    return ACTS[act](plane, server)


def _stop(plane: ControlPlane, server: str) -> int:
    _server(plane, server).stop()
    return 0


def _start(plane: ControlPlane, server: str) -> int:
    """A member is up when its port is open: it answers only once most of the others are up too."""
    for member in plane.etcd.members:
        if member.server.name == server:
            member.server.launch()
            member.server.wait_until(member.listening)
            return 0
    _server(plane, server).start()
    return 0


def _restart(plane: ControlPlane, server: str) -> int:
    return _stop(plane, server) or _start(plane, server)


def _health(plane: ControlPlane, server: str) -> int:
    found = _server(plane, server)
    return 0 if found.running and found.ready() else 1


ACTS: Mapping[str, Callable[[ControlPlane, str], int]] = {
    "stop": _stop,
    "start": _start,
    "restart": _restart,
    "health": _health,
}


def _around(plane: ControlPlane) -> list[Server]:
    """What there is beside the members."""
    servers = [plane.apiserver, plane.controller_manager]
    if (plane.folder / "velero").is_dir():
        folder = plane.folder.parent
        machine = LoopbackMachine(folder / "objectstore", Ports(folder / "ports.json"))
        servers.append(VeleroServer(plane, ObjectStore(machine)).server)
    return servers


def _server(plane: ControlPlane, name: str) -> Server:
    # The members first: an etcd that stands alone has no other server, and needs no other engine.
    for server in plane.etcd.servers:
        if server.name == name:
            return server
    others = {server.name: server for server in _around(plane)}
    if name not in others:
        known = ", ".join([*(each.name for each in plane.etcd.servers), *others])
        raise TestbedError(f"no server {name} in {plane.name}; there are {known}")
    return others[name]
