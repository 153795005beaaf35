"""The groups in which the kernel accounts for containers. They outlive their processes."""

from __future__ import annotations

import time
from pathlib import Path

# containerd's own word for what Kubernetes started; also the name of the group.
KUBERNETES = "k8s.io"
_ROOT = Path("/sys/fs/cgroup")
# containerd keeps a folder for each container and sandbox that there is.
_STATE = Path("files", "var-lib-containerd", "io.containerd.grpc.v1.cri")
_SORTS = ("sandboxes", "containers")
SECONDS_TO_DIE = 10.0


def remove_cgroups(machine_folder: Path) -> None:
    """Remove the groups of a dead machine's containers; those of others are left alone."""
    names = {each.name for sort in _SORTS for each in (machine_folder / _STATE / sort).glob("*")}
    deadline = time.monotonic() + SECONDS_TO_DIE
    for parent in {*_ROOT.glob(f"*/{KUBERNETES}"), *_ROOT.glob(KUBERNETES)}:
        for name in names:
            while not _removed(parent / name) and time.monotonic() < deadline:
                time.sleep(0.05)
        _removed(parent)


def _removed(group: Path) -> bool:
    """Remove a group that holds no other; tell whether it is gone."""
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # a process of it is still dying, or it holds somebody else's groups
    return True
