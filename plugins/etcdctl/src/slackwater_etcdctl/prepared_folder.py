"""The folder that a plan names, where new data directories are prepared. Closed to others.

Layout::

    <folder>/runs/          the runs that work with it: equal plans make equal things, once
    <folder>/lock           held while something in it is made
    <folder>/snapshot.db    the snapshot, checked
    <folder>/<member>/      a data directory, ready to be moved or copied
    <folder>/…-arriving…    in the making; whatever a killed performer left is removed
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from slackwater.errors import PermanentBackendError
from slackwater_etcdctl.blueprint import Blueprint, PlannedMember
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.facts import SNAPSHOT_PART

_ARRIVING = "-arriving-"


@dataclass(frozen=True)
class PreparedFolder:
    """The prepared things of one plan, on this machine."""

    path: Path
    cluster: str

    @classmethod
    def of(cls, blueprint: Blueprint) -> PreparedFolder:
        """Return the folder of a plan, which may not be there yet."""
        return cls(Path(blueprint.folder), blueprint.cluster)

    @property
    def snapshot(self) -> Path:
        """The snapshot, there only when it was checked."""
        return self.path / SNAPSHOT_PART

    def data(self, member: PlannedMember) -> Path:
        """A member's new data directory, there only when it is whole."""
        return self.path / member.name

    def arriving(self, name: str) -> Path:
        """Return a path for something in the making: no two performers get the same."""
        return self.path / f"{name}{_ARRIVING}{secrets.token_hex(4)}"

    @contextmanager
    def working(self, run: str) -> Iterator[None]:
        """Work in it, for a run: made if it is not there, alone, and rid of others' halves.

        Raises ``PermanentBackendError`` where it belongs to another user.
        """
        with self._locked():
            self._mark(run).touch()
            for left in self.path.glob(f"*{_ARRIVING}*"):
                remove(left)
            try:
                yield
            finally:
                for left in self.path.glob(f"*{_ARRIVING}*"):
                    remove(left)

    def remove(self, run: str) -> bool:
        """Remove it with all that is in it, unless another run still works with it."""
        if not self.path.is_dir():
            return False
        with self._locked():
            self._mark(run).unlink(missing_ok=True)
            if any(self._mark(run).parent.iterdir()):
                return False
            shutil.rmtree(self.path)
        return True

    def _mark(self, run: str) -> Path:
        return self.path / "runs" / run.replace("/", "-")

    def _make(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.is_symlink() or self.path.stat().st_uid != os.geteuid():
            raise self._refusal(f"{self.path} belongs to somebody else", "remove it; plan again")
        self.path.chmod(0o700)
        (self.path / "runs").mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = self._lock()
        try:
            yield
        finally:
            os.close(descriptor)

    def _lock(self) -> int:
        """Lock it, made if it is not there; whoever held the lock may have removed it meanwhile."""
        while True:
            self._make()
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), (self.path / "lock").stat()):
                    return descriptor
            os.close(descriptor)

    def _refusal(self, message: str, hint: str) -> PermanentBackendError:
        return PermanentBackendError(message, backend=TOOL, cluster=self.cluster, hint=hint)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; fine where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
