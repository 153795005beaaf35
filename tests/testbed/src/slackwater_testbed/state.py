"""The testbeds of this user: one kept by hand, and one for each test run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from slackwater_testbed.clusters import remove
from slackwater_testbed.processes import ProcessRecord

STATE_VARIABLE = "SLACKWATER_TESTBED_STATE"
_OWNER = "owner.json"


def root() -> Path:
    """Return the folder in which testbeds lie."""
    chosen = os.environ.get(STATE_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_state_dir("slackwater")) / "testbed"


def by_hand() -> Path:
    """Return the folder of the testbed that `up` starts and `down` ends."""
    return root() / "by-hand"


def claim(name: str = "") -> Path:
    """Return a new folder for a testbed that is to end with this process, one for each name."""
    folder = root() / "-".join(filter(None, ("run", str(os.getpid()), name)))
    with locked():
        sweep()
        own(folder)
    return folder


def own(folder: Path) -> None:
    """Let the testbed in this folder be swept once this process has ended."""
    ProcessRecord.of(os.getpid()).write(folder / _OWNER)


def disown(folder: Path) -> None:
    """Let the testbed in this folder outlive this process."""
    (folder / _OWNER).unlink()


def sweep() -> None:
    """Remove the testbeds whose owner has ended without doing it."""
    for file in root().glob(f"*/{_OWNER}"):
        owner = ProcessRecord.read(file)
        if owner is None or not owner.running:
            remove(file.parent)


@contextmanager
def locked() -> Iterator[None]:
    """Let one process at a time start and remove testbeds."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
