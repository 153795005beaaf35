"""The first process of a machine: arranges the namespaces it finds itself in, then only reaps.

It is run by `unshare`, as a file, and imports nothing but the standard library. When it dies the
kernel ends every process of the machine and drops every mount.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

# What servers write there stays in the machine's folder: each is overlaid.
OVERLAID = ("/etc", "/opt", "/var/lib", "/var/log")
# Where an overlay cannot be: containers lie on overlays themselves, and volumes are plain folders.
BOUND = (
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/log/pods",
    "/var/log/containers",
    "/opt/containerd",
)
SWITCHES = ("net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet")


def settings(hostname: str, testbed: Path, files: Path, ready: Path) -> list[str]:
    """Return the arguments of this program.

    `testbed` stays as it is wherever it lies, `files` holds what the machine writes; `ready` is
    made when all is arranged.
    """
    values = {"hostname": hostname, "testbed": testbed, "files": files, "ready": ready}
    return [__file__, json.dumps({name: str(value) for name, value in values.items()})]


def main(arguments: Sequence[str]) -> None:
    """Arrange the machine and stay."""
    chosen: Mapping[str, str] = json.loads(arguments[0])
    _arrange(chosen["hostname"], Path(chosen["testbed"]), Path(chosen["files"]))
    Path(chosen["ready"]).touch()
    _reap()


def _arrange(hostname: str, testbed: Path, files: Path) -> None:
    socket.sethostname(hostname)
    _run("ip", "link", "set", "lo", "up")
    # What is overlaid may hold the testbed's own folder.
    kept = os.open(testbed, os.O_PATH)
    for number, place in enumerate(OVERLAID):
        _overlay(files / f"overlay-{number}", place)
    _bind(f"/proc/self/fd/{kept}", str(testbed), pass_on=kept)
    for place in BOUND:
        source = files / place.strip("/").replace("/", "-")
        source.mkdir(parents=True, exist_ok=True)
        Path(place).mkdir(parents=True, exist_ok=True)
        _bind(str(source), place)
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    _no_names()
    # Mounts of the kubelet are seen by the containers, and by nobody outside.
    _run("mount", "--make-rshared", "/")
    for switch in SWITCHES:
        Path("/proc/sys", switch).write_text("1")


def _overlay(folder: Path, place: str) -> None:
    upper, work = folder / "upper", folder / "work"
    for each in (upper, work):
        each.mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={place},upperdir={upper},workdir={work}"
    _run("mount", "-t", "overlay", "overlay", "-o", options, place)


def _bind(source: str, place: str, pass_on: int | None = None) -> None:
    # Paths as they are: a descriptor would be turned back into the name it had.
    _run("mount", "--no-canonicalize", "--bind", source, place, pass_on=pass_on)


def _no_names() -> None:
    """Nothing here can find anything outside: there is no resolver."""
    file = Path("/etc/resolv.conf")
    file.unlink(missing_ok=True)
    file.touch()


def _run(*command: str, pass_on: int | None = None) -> None:
    subprocess.run(command, check=True, pass_fds=() if pass_on is None else (pass_on,))


def _reap() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        signal.sigwait({signal.SIGCHLD})


if __name__ == "__main__":
    main(sys.argv[1:])
