"""Gives a member on this machine its new data: the old is moved aside and named, never changed.

What is moved is ``member``, in which etcd keeps everything (https://etcd.io/docs/v3.6/op-guide),
within the data directory: that is often a disk of its own, which nobody could rename, and this way
its owner, mode and labels stay as they are. Each move is atomic, so whatever a kill leaves is one
of the states below, and doing it again goes on from there. What was prepared is gone once all of it
has come to the member's disk::

    prepared  member                                nothing was done
    prepared          member.before-…               the old is aside
              (none)  member.before-…  member.coming-…  the new is whole beside it
                      member.before-…  member       done
    prepared          member.before-…  member       another run did it: refused
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
from slackwater_etcdctl.host_commands import HostCommandRunner
from slackwater_etcdctl.prepared_folder import remove
from slackwater_etcdctl.restore_settings import HostCommand

_DATABASE = Path("snap", "db")


def swap(plan: Blueprint, member: PlannedMember) -> bool:
    """Move a member's old data aside and the new in place; return whether anything was left to do.

    Raises ``PermanentBackendError`` where its etcd still runs, or where it cannot be done.
    """
    prepared = Path(plan.prepared(member)) / MEMBER
    current, aside, coming = map(Path, (member.current, plan.aside(member), plan.coming(member)))
    if not prepared.exists() and not coming.exists():
        if current.exists() and aside.exists():
            return False
        raise _refusal(plan.cluster, f"{member.label}: {prepared} is not there")
    try:
        if prepared.exists():
            _move_aside(plan, member)
            _bring(prepared, coming)
        _own(coming, current.parent)
        coming.rename(current)
    except OSError as error:
        raise _refusal(plan.cluster, f"{member.label}: {error}") from error
    return True


def swap_command(plan: Blueprint, member: PlannedMember) -> HostCommand | None:
    """Return the command that does it where the member's data is not on this machine."""
    if member.commands is None or member.commands.swap is None:
        return None
    return member.commands.swap.naming(
        prepared=plan.prepared(member), data_dir=member.data_dir, aside=plan.aside(member)
    )


def refuse_repeated(plan: Blueprint, member: PlannedMember, runner: HostCommandRunner) -> None:
    """Raise where an earlier run of this plan has moved a member's data: its names are taken."""
    command = swap_command(plan, member)
    if runner.ends_well(command.done) if command else Path(plan.aside(member)).exists():
        raise _taken(plan, member)


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


def _move_aside(plan: Blueprint, member: PlannedMember) -> None:
    """Where there never was a member, an empty folder says that it was looked at."""
    current, aside = Path(member.current), Path(plan.aside(member))
    if aside.exists():
        if current.exists():
            raise _taken(plan, member)
        return
    with _still(current, member, plan.cluster):
        if current.exists():
            current.rename(aside)
            return
    current.parent.mkdir(mode=0o700, exist_ok=True)
    aside.mkdir(mode=0o700)


def _bring(prepared: Path, coming: Path) -> None:
    """Bring new data to the member's disk: moved, or copied from another file system."""
    remove(coming)
    try:
        prepared.rename(coming)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(prepared, coming)
        os.sync()  # what is in memory only would not survive what a restore must survive
        prepared.rename(prepared.with_name("copied"))


def _own(coming: Path, data_dir: Path) -> None:
    """Give new data to whom the data directory belongs, closed to everybody else."""
    owner = data_dir.stat()
    for path in (coming, *coming.rglob("*")):
        found = path.stat()
        if (found.st_uid, found.st_gid) != (owner.st_uid, owner.st_gid):
            os.chown(path, owner.st_uid, owner.st_gid)
    coming.chmod(0o700)


def _taken(plan: Blueprint, member: PlannedMember) -> PermanentBackendError:
    return PermanentBackendError(
        f"{member.label}: {plan.aside(member)} is there already, from an earlier run of this plan",
        backend=TOOL,
        cluster=plan.cluster,
        hint="make the plan again: a new plan has names of its own, and nothing is overwritten",
    )


def _refusal(cluster: str, message: str) -> PermanentBackendError:
    return PermanentBackendError(
        message, backend=TOOL, cluster=cluster, hint="mend it there and plan again"
    )
