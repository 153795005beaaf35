"""Somebody who does what a guided restore prints, word for word, on hosts that are played here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slackwater_testbed.control_plane import ControlPlane

_SYSTEMCTL = """\
#!/bin/bash
# Each host has one member of etcd; the API server and the controllers are on every one of them.
act=$1; shift
for unit in "$@"; do
  case $unit in
    etcd) server={member} ;;
    kube-apiserver) server=apiserver ;;
    kube-controller-manager) server=controller-manager ;;
    kube-scheduler|kubelet|--no-block) continue ;;
    *) echo "Unit $unit.service not found." >&2; exit 5 ;;
  esac
  {host} "$act" {cluster} "$server" || exit 1
done
"""
_RSYNC = """\
#!/bin/bash
# rsync -a FROM/ root@HOST:TO/
[ "$1" = -a ] && mkdir -p "${3#root@*:}" && exec cp -a "$2." "${3#root@*:}"
"""
_BLOCK = re.compile(r"^# (?:on )?(?P<host>.+)\n(?P<commands>(?:(?!# |\n).+\n?)+)", re.MULTILINE)


@dataclass(frozen=True)
class Person:
    """A person with a terminal on each host of one cluster."""

    cluster: ControlPlane
    folder: Path

    def do(self, instructions: str) -> list[str]:
        """Paste each block of commands on the host it is for; return all commands."""
        done = []
        for host, commands in _blocks(instructions):
            self._paste(host, commands)
            done += commands.splitlines()
        return done

    def _paste(self, host: str, commands: str) -> None:
        subprocess.run(
            ["bash", "-euc", commands],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": f"{self._programs(host)}:{os.environ['PATH']}"},
        )

    def _programs(self, host: str) -> Path:
        """Make what is different on each host; the rest is this machine's own."""
        folder = self.folder / (re.search(r"etcd-\d", host) or [host])[0]
        folder.mkdir(parents=True, exist_ok=True)
        commands = [sys.executable, "-m", "slackwater_testbed", "host"]
        told = {
            "host": shlex.join([*commands, str(self.cluster.folder.parent)]),
            "cluster": self.cluster.name,
            "member": folder.name,
        }
        for name, text in (("systemctl", _SYSTEMCTL), ("rsync", _RSYNC)):
            for word, value in told.items():
                text = text.replace(f"{{{word}}}", value)  # noqa: PLW2901  one after the other
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        return folder


def _blocks(instructions: str) -> Iterator[tuple[str, str]]:
    today, _, _ = instructions.partition("Some day")
    for found in _BLOCK.finditer(today):
        yield found["host"], found["commands"]
