"""What this computer must offer before there can be nodes: Linux, root, and a few programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from slackwater_testbed.errors import TestbedError

WISH_VARIABLE = "SLACKWATER_TESTBED_NODES"
# Programs that no Go module offers, and the Debian packages that do.
PACKAGES = {
    "runc": "runc",
    "iptables": "iptables",
    "ip": "iproute2",
    "tc": "iproute2",
    "busybox": "busybox-static",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}
# Where they lie, whatever the caller's PATH leaves out.
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/bin"])
# CAP_NET_ADMIN and CAP_SYS_ADMIN, as bits of CapEff: capabilities(7).
_RIGHTS = 1 << 12 | 1 << 21


def obstacle() -> str:
    """Return why there can be no nodes here whatever is installed; empty where there can."""
    if os.environ.get(WISH_VARIABLE) == "no":
        return f"{WISH_VARIABLE}=no"
    if sys.platform != "linux":
        return "nodes need Linux"
    if os.geteuid() != 0:
        return "nodes need root"
    if _effective_rights() & _RIGHTS != _RIGHTS:
        return "nodes need CAP_SYS_ADMIN and CAP_NET_ADMIN, and root has them not here"
    return ""


def missing() -> list[str]:
    """Return the programs that nodes need and that are not installed."""
    return [name for name in PACKAGES if shutil.which(name, path=PATH) is None]


def program(name: str) -> str:
    """Return the path of an installed program. Raise TestbedError with the way out."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise TestbedError(f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}")
    return found


def install(say: Callable[[str], None]) -> None:
    """Install what is missing, where root can and Debian's packages are; else leave it be."""
    packages = sorted({PACKAGES[name] for name in missing()})
    if not packages or obstacle() or shutil.which("apt-get") is None:
        return
    say(f"nodes: apt-get install {' '.join(packages)}")
    _apt_get("update")
    _apt_get("install", "--yes", "--no-install-recommends", *packages)


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-qq", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise TestbedError(f"apt-get {' '.join(arguments)}: {done.stderr.strip()}")


def _effective_rights() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("CapEff:")[2].split()[0], 16)
