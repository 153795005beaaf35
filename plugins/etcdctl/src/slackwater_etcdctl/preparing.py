"""The first acts of a restore: the snapshot fetched and checked, a data directory per member.

Nothing of the control plane is touched here. ``etcdutl snapshot restore`` is deterministic: the
same snapshot, token and bump give every member the same store (measured: one hash over all keys).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from slackwater.backend import Report, Stopped
from slackwater.errors import PermanentBackendError
from slackwater.model.act import Key
from slackwater.model.operation import Progress
from slackwater_etcdctl.blueprint import WAL, Blueprint, PlannedMember, Promised, minor
from slackwater_etcdctl.errors import TOOL, SnapshotDamaged
from slackwater_etcdctl.facts import SNAPSHOT_PART
from slackwater_etcdctl.host_commands import HostCommandRunner
from slackwater_etcdctl.prepared_folder import PreparedFolder
from slackwater_etcdctl.saving import checked_chunks, status_of, trailer_of
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.store_access import named_errors
from slackwater_etcdctl.swapping import refuse_repeated
from slackwater_etcdctl.tools import Program, Tools

_SECONDS_PER_GIB = 120.0
"""For one restore. Measured: 5.6 s with etcd 3.5.1; a busy disk takes far longer."""


def fetch(site: Site, plan: Blueprint, key: Key, report: Report) -> Mapping[str, object]:
    """Fetch the snapshot into the plan's folder, and check it: it is there only if it is right.

    Raises ``ArtefactDamaged``, ``ArtefactLocked``, ``SnapshotDamaged``.
    """
    folder = PreparedFolder.of(plan)
    with folder.working(key.run):
        if not folder.snapshot.exists():
            _require_room(folder, plan)
            arriving = folder.arriving(SNAPSHOT_PART)
            with named_errors(plan.cluster):
                store = site.store()
                store.read(store.manifest(plan.point).artefact(SNAPSHOT_PART), arriving)
            check(arriving, plan.promised, site.tools, report)
            arriving.rename(folder.snapshot)
    return {"revision": plan.promised.revision, "sha256": plan.promised.sha256}


def check(file: Path, promised: Promised, tools: Tools, report: Report) -> None:
    """Hold a snapshot against its own hash, its structure and its manifest.

    Raises ``SnapshotDamaged``; ``Stopped`` when asked to stop.
    """
    for _ in checked_chunks(file, tools.cluster):
        if report.stopping:
            raise Stopped
    found = status_of(file, tools, lambda: report.stopping)
    differences = [f"its SHA-256 is {trailer_of(file)}"] * (trailer_of(file) != promised.sha256)
    differences += [f"its revision is {found.revision}"] * (found.revision != promised.revision)
    # Hash and count mean the same only within one minor version of etcdutl.
    if minor(tools.version(Program.ETCDUTL)) == minor(promised.utility):
        differences += [f"its hash is {found.hash:x}"] * (found.hash != int(promised.hash, 16))
        differences += [f"it has {found.total_key} keys"] * (found.total_key != promised.total_keys)
    if differences:
        raise SnapshotDamaged(
            "the snapshot is not the one of its manifest: " + ", ".join(differences),
            backend=TOOL,
            cluster=tools.cluster,
            hint="use another recovery point; see who else writes into the store",
        )


def prepare(site: Site, plan: Blueprint, key: Key, report: Report) -> Mapping[str, object]:
    """Make a data directory for each member, with one token and one bump."""
    folder, runner = PreparedFolder.of(plan), HostCommandRunner.of(site, report)
    with folder.working(key.run):
        for done, member in enumerate(plan.members):
            if report.stopping:
                raise Stopped
            report.progress(Progress(done=done, total=len(plan.members), unit="members"))
            if not folder.data(member).exists():
                require_snapshot(folder)
                refuse_repeated(plan, member, runner)
                arriving = folder.arriving(member.name)
                restore_into(arriving, plan, member, site.tools, report)
                arriving.rename(folder.data(member))
    return {
        "control_plane": plan.cluster_id,
        "revision": plan.revision,
        "members": {member.name: plan.prepared(member) for member in plan.members},
    }


def restore_into(
    data_dir: Path, plan: Blueprint, member: PlannedMember, tools: Tools, report: Report
) -> None:
    """Have etcdutl make one data directory, closed to others.

    A restore that fails leaves what it had written (measured): the caller removes it.
    """
    snapshot = PreparedFolder.of(plan).snapshot
    arguments = ["snapshot", "restore", str(snapshot), *_flags(data_dir, plan, member)]
    timeout = 60.0 + _SECONDS_PER_GIB * snapshot.stat().st_size / 2**30
    data_dir.mkdir(mode=0o700)
    tools.run(Program.ETCDUTL, arguments, timeout=timeout, stopping=lambda: report.stopping)


def _flags(data_dir: Path, plan: Blueprint, member: PlannedMember) -> Iterator[str]:
    yield f"--data-dir={data_dir}"
    yield f"--name={member.name}"
    yield f"--initial-cluster={plan.initial_cluster}"
    yield f"--initial-cluster-token={plan.token}"
    yield f"--initial-advertise-peer-urls={','.join(member.peer_urls)}"
    if plan.bump:
        yield from (f"--bump-revision={plan.bump}", "--mark-compacted")


def remove_prepared(plan: Blueprint, key: Key) -> Mapping[str, object]:
    """Remove the plan's folder, if this run has made it."""
    return {"removed": PreparedFolder.of(plan).remove(key.run)}


def room_needed(plan: Blueprint) -> int:
    """Return how many bytes the snapshot and all data directories take."""
    return plan.promised.size + len(plan.members) * (plan.promised.size + WAL)


def _require_room(folder: PreparedFolder, plan: Blueprint) -> None:
    free = shutil.disk_usage(folder.path).free
    if free < room_needed(plan):
        raise PermanentBackendError(
            f"{folder.path} has {free} bytes left, and {room_needed(plan)} are needed",
            backend=TOOL,
            cluster=plan.cluster,
            hint="make room, or name another folder: restore.prepare_in",
        )


def require_snapshot(folder: PreparedFolder) -> None:
    """Raise where the snapshot that was fetched is not there any more."""
    if not folder.snapshot.exists():
        raise PermanentBackendError(
            f"{folder.snapshot} is not there any more",
            backend=TOOL,
            cluster=folder.cluster,
            hint="make the plan again: it is fetched anew",
        )
