"""A snapshot in the spool: saved in a bounded time, and checked, for etcdctl checks nothing.

``snapshot save`` looks at the length only; the SHA-256 of everything, which the member sends last,
is compared by nobody before a restore (etcd issue 18340). ``snapshot status`` looks at the
structure, not at that hash, and dies of SIGBUS on a file that was cut short (measured).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from slackwater.errors import PermanentBackendError
from slackwater.stores import Measure
from slackwater_etcdctl import answers
from slackwater_etcdctl.arriving import Arriving
from slackwater_etcdctl.errors import ROOM, TOOL, SnapshotDamaged, ToolDied, ToolFailed
from slackwater_etcdctl.tools import Program, Tools

_TRAILER = hashlib.sha256().digest_size
_STATUS_SECONDS_PER_GIB = 60.0
"""Measured: 0.8 s with etcd 3.5. A busy disk takes far longer, and a hung one for ever."""


def need_room(folder: Path, size: int, cluster: str) -> None:
    """Raise where the spool has no room for a database of this size in bytes."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise PermanentBackendError(
            f"the spool {folder} has {free} bytes left, and the snapshot takes {size}",
            backend=TOOL,
            cluster=cluster,
            hint=ROOM,
        )


def status_of(file: Path, tools: Tools, stopping: Callable[[], bool]) -> answers.FileStatus:
    """Have the structure of a snapshot checked in a child. Raises ``SnapshotDamaged``."""
    timeout = 30.0 + _STATUS_SECONDS_PER_GIB * file.stat().st_size / 2**30
    arguments = ["snapshot", "status", str(file), "-w=json"]
    try:
        said = tools.run(Program.ETCDUTL, arguments, timeout=timeout, stopping=stopping)
    except (ToolDied, ToolFailed) as error:
        raise _damaged(str(error), tools.cluster) from error
    return answers.read_file_status(said.stdout, tools.cluster)


def checked_chunks(file: Path, cluster: str) -> Iterator[bytes]:
    """Yield the file's bytes; before the last of them raise ``SnapshotDamaged`` where they are not
    what the member sent: the last 32 bytes are the SHA-256 of all before them.
    """
    measure = Measure()
    return measure.through(measured_chunks(Arriving.whole(file), cluster, measure))


def measured_chunks(
    arriving: Arriving, cluster: str, measure: Measure, besides: Callable[[], object] = lambda: None
) -> Iterator[bytes]:
    """Yield the same of a file that may not be whole yet, for a reader that measures what it takes:
    so no byte is hashed twice.

    ``besides`` is called before the last bytes too; what it raises comes out as it is.
    """
    yield from arriving.all_but(_TRAILER)
    size = arriving.file.stat().st_size
    if size < _TRAILER or (size - _TRAILER) % 512:
        raise _damaged(f"{size} bytes are no length of a snapshot", cluster)
    trailer = trailer_of(arriving.file)
    if trailer != measure.sha256:
        raise _damaged("its bytes do not match the SHA-256 at its end", cluster)
    besides()
    yield bytes.fromhex(trailer)


def trailer_of(file: Path) -> str:
    """Return the SHA-256 that the member put at the end, in hexadecimal."""
    with file.open("rb") as opened:
        opened.seek(-_TRAILER, 2)
        return opened.read().hex()


def _damaged(why: str, cluster: str) -> SnapshotDamaged:
    return SnapshotDamaged(
        f"the snapshot is damaged: {why}",
        backend=TOOL,
        cluster=cluster,
        hint="back up again; if it comes again, look at the member's disk and memory, and compare "
        "the members: etcdctl endpoint hashkv --cluster",
    )
