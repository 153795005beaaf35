"""Where the kit's other processes come from: forked off one that has imported everything already.

A fresh Python takes most of a second to import a backend and the Kubernetes client, and the kit
needs half a dozen for each tool. The nursery imports modules and does nothing else: it makes no
backend, opens nothing and has one thread, so what is forked off it is as good as freshly started.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

_LARGEST = 4096  # bytes of a request or an answer, far more than one has
# What every first request to a cluster imports.
_ALSO = ("slackwater.clusters.login", "urllib3", "tenacity")


@dataclass
class Child:
    """A process forked off the nursery, and its standard streams."""

    pid: int
    stdin: IO[str]
    stdout: IO[str]
    _nursery: _Nursery

    def end(self) -> tuple[str, int]:
        """Return what else it says, and how it ended: as ``subprocess`` counts return codes."""
        with self.stdin, self.stdout:
            said = self.stdout.read()
        return said, self._nursery.ask({"wait": self.pid})


class _Nursery:
    """The asking side."""

    def __init__(self, path: tuple[str, ...], program: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", program, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            )
        self._socket = ours
        self._turn = threading.Lock()
        atexit.register(self._close)

    def fork(self, module: str, folder: Path, environment: Mapping[str, str]) -> Child:
        (their_in, our_in), (our_out, their_out) = os.pipe(), os.pipe()
        try:
            pid = self.ask({"import": module}, their_in, their_out, 2)
        finally:
            os.close(their_in)
            os.close(their_out)
        child = Child(pid, os.fdopen(our_in, "w"), os.fdopen(our_out), self)
        place = {"folder": str(folder), "environment": dict(environment)}
        child.stdin.write(json.dumps(place) + "\n")
        return child

    def ask(self, request: Mapping[str, object], *files: int) -> int:
        with self._turn:
            socket.send_fds(self._socket, [json.dumps(request).encode()], files)
            answer = self._socket.recv(_LARGEST)
        if not answer:
            raise AssertionError("the nursery of the kit's processes has ended; see its error")
        return int(answer)

    def _close(self) -> None:
        self._socket.close()
        self._process.wait()


@cache
def _nursery(path: tuple[str, ...], program: str) -> _Nursery:
    return _Nursery(path, program)


def fork(program: str, module: str, folder: Path, environment: Mapping[str, str]) -> Child:
    """Fork a process off this process's nursery: in a folder, with an environment, a module loaded.

    ``program`` is the module that runs ``keep`` when it is run with an argument.
    """
    return _nursery(tuple(sys.path), program).fork(module, folder, environment)


def keep(number: int) -> bool:
    """Be the nursery. True in each child, and false in the nursery when it is asked no more.

    ``number`` is that of the socket to be asked by.
    """
    asked = socket.socket(fileno=number)
    while True:
        content, files, _, _ = socket.recv_fds(asked, _LARGEST, 3)
        if not content:
            return False
        request = json.loads(content)
        if "wait" in request:
            asked.send(str(_outcome(request["wait"])).encode())
            continue
        pid = _fork(request, files)
        for file in files:
            os.close(file)
        if pid == 0:
            asked.close()
            return True
        asked.send(str(pid).encode())


def _fork(request: Mapping[str, object], files: list[int]) -> int:
    for module in (str(request["import"]), *_ALSO):
        with suppress(Exception):  # whoever needs it will see what is wrong with it
            importlib.import_module(module)
    gc.freeze()  # or the first look for garbage in each child would copy all of its memory
    pid = os.fork()
    if pid == 0:
        for target, file in enumerate(files):
            os.dup2(file, target)
        _settle(json.loads(sys.stdin.readline()))
    return pid


def _settle(place: Mapping[str, Any]) -> None:
    """Be where the process is wanted, with its environment."""
    os.chdir(place["folder"])
    os.environ.clear()
    os.environ.update(place["environment"])
    tempfile.tempdir = None  # looked up anew, in this environment


def _outcome(pid: int) -> int:
    """Wait for a child; minus the signal that ended it, as from ``subprocess``."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
