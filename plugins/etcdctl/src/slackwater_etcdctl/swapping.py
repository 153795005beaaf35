"""Gives a member on this machine its new data: the old is moved aside and named, never changed.

What is moved is ``member``, in which etcd keeps everything (https://etcd.io/docs/v3.6/op-guide),
within the data directory: that is often a disk of its own, which nobody could rename, and this way
its owner, mode and labels stay as they are. Moving is atomic, so whatever a kill leaves is one of
the states below, and doing it again goes on from there::

    member                      nothing was done
    member.before-…             the old is aside
    member.before-…  member     done
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slackwater.errors import PermanentBackendError
from slackwater_etcdctl.blueprint import MEMBER, Blueprint, PlannedMember
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.prepared_folder import remove

_DATABASE = Path("snap", "db")


def swap(plan: Blueprint, member: PlannedMember) -> bool:
    """Move a member's old data aside and the new in place; return whether anything was left to do.

    Raises ``PermanentBackendError`` where its etcd still runs, or where it cannot be done.
    """
    current, aside = Path(member.current), Path(plan.aside(member))
    if aside.exists() and current.exists():
        return False
    try:
        with _still(current, member, plan.cluster):
            _move_aside(current, aside)
        _bring(Path(plan.prepared(member)) / MEMBER, Path(plan.coming(member)), current)
    except OSError as error:
        raise _refusal(plan.cluster, f"{member.label}: {error}") from error
    return True


@contextmanager
def _still(current: Path, member: PlannedMember, cluster: str) -> Iterator[None]:
    """Make sure that no etcd works on the data: bbolt holds a lock (flock) on its database."""
    try:
        database = (current / _DATABASE).open("rb")
    except FileNotFoundError:
        yield
        return
    with database:
        try:
            fcntl.flock(database, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(cluster, f"{member.label}: etcd still runs on {current}") from None
        yield


def _move_aside(current: Path, aside: Path) -> None:
    """Where there never was a member, an empty folder says that it was looked at."""
    if aside.exists():
        return
    if current.exists():
        current.rename(aside)
        return
    current.parent.mkdir(mode=0o700, exist_ok=True)
    aside.mkdir(mode=0o700)


def _bring(prepared: Path, coming: Path, current: Path) -> None:
    """Move new data in place, by way of a copy where it was prepared on another file system.

    What comes is whole once nothing is left where it was prepared.
    """
    if prepared.exists():
        remove(coming)
        _move_or_copy(prepared, coming)
    owner = current.parent.stat()
    for path in (coming, *coming.rglob("*")):
        found = path.stat()
        if (found.st_uid, found.st_gid) != (owner.st_uid, owner.st_gid):
            os.chown(path, owner.st_uid, owner.st_gid)
    coming.chmod(0o700)
    coming.rename(current)


def _move_or_copy(prepared: Path, coming: Path) -> None:
    try:
        prepared.rename(coming)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(prepared, coming)
        os.sync()  # what is in memory only would not survive what a restore must survive


def _refusal(cluster: str, message: str) -> PermanentBackendError:
    return PermanentBackendError(
        message, backend=TOOL, cluster=cluster, hint="mend it there and plan again"
    )
