"""What planning needs, made by hand: a site with programs that only tell their versions."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slackwater.clusters import Cluster
from slackwater.model.operation import Phase
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import RestoreRequest
from slackwater.model.workload import Scope, Workload, WorkloadKind
from slackwater_etcdctl.blueprint import Blueprint, PlannedMember, Promised
from slackwater_etcdctl.facts import KubernetesFacts, MemberFacts, SnapshotFacts
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.tools import Program, Tools

from .stage import CLUSTER, NOW, SILENT

TAKEN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
UID = "4c1e0000-1111-2222-3333-444455556666"
NEW_FLAGS = "--bump-revision --mark-compacted"
COMMANDS = {"stop": ["true"], "start": ["true"]}

FACTS = SnapshotFacts(
    cluster_id="c0ffee",
    member_id="1",
    member_name="cp1",
    endpoint="https://10.0.0.11:2379",
    server_version="3.6.14",
    revision=1000,
    raft_index=2000,
    raft_term=3,
    hash="abcd1234",
    total_keys=7,
    size=1_000_000,
    size_in_use=900_000,
    sha256="00" * 32,
    tool_version="3.6.14",
    utility_version="3.6.14",
    members=tuple(
        MemberFacts(id=str(n), name=f"cp{n}", peer_urls=(f"https://10.0.0.1{n}:2380",))
        for n in (1, 2, 3)
    ),
    began=TAKEN,
    ended=TAKEN,
    kubernetes=KubernetesFacts(uid=UID, answered=True),
    verified=True,
)


def programs(folder: Path, version: str, flags: str, names: tuple[str, ...]) -> dict[Program, str]:
    """Write programs that know their version and their help, and nothing else."""
    folder.mkdir(exist_ok=True)
    for name in names:
        file = folder / name
        file.write_text(
            f'#!/bin/sh\ncase "$*" in\n  *--help*) echo "{flags}" ;;\n'
            f'  *version) echo "{name} Version: {version}" ;;\n  *) exit 1 ;;\nesac\n'
        )
        file.chmod(0o755)
    return {Program(name): str(folder / name) for name in names}


def site(
    folder: Path,
    *,
    version: str = "3.6.14",
    flags: str = NEW_FLAGS,
    names: tuple[str, ...] = ("etcd", "etcdctl", "etcdutl"),
    cluster: Cluster | None = None,
    **restore: Any,
) -> Site:
    """A site whose programs and settings for restores are as given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kubeconfig").write_text(SILENT)
    known = programs(folder / "bin", version, flags, names)
    absent = {program: str(folder / "absent") for program in Program if program not in known}
    wanted = {**known, **absent}
    restore.setdefault("prepare_in", str(folder / "prepared"))
    settings = EtcdctlSettings(
        endpoints=("https://127.0.0.1:1",), store="vault", restore=restore, answer_within=1
    )

    @contextmanager
    def no_session():
        raise AssertionError("nobody is to be asked")
        yield

    return Site(
        settings=settings,
        tools=Tools(CLUSTER, wanted),
        cluster=cluster or Cluster(CLUSTER, kubeconfig=folder / "kubeconfig", timeout=1.0),
        store=lambda: None,
        session=no_session,
        spool=folder / "spool",
    )


def request(**changes: Any) -> RestoreRequest:
    """Ask for the control plane of the cluster, from a point that was taken at noon."""
    point = RecoveryPoint(
        id=PointId(tool="etcdctl", store="s3://vault", name="sw-east-etcd-1200"),
        phase=Phase.SUCCEEDED,
        scope=Scope(control_plane=True),
        begin=TAKEN,
        end=TAKEN,
        origin=CLUSTER,
    )
    workload = Workload(cluster=CLUSTER, kind=WorkloadKind.CONTROL_PLANE)
    made = RestoreRequest(workload=workload, point=point, target=CLUSTER)
    return made.model_copy(update=changes)


def blueprint(place: Path, **changes: Any) -> Blueprint:
    """A plan for one member on this machine."""
    made = Blueprint(
        point="sw-east-etcd-1200",
        cluster=CLUSTER,
        digest="1a2b3c4d",
        folder=str(place / "prepared" / "p-1a2b3c4d"),
        token="east-1a2b3c4d",
        bump=1000,
        promised=Promised.of(FACTS),
        members=(
            PlannedMember(
                name="m1", peer_urls=("http://127.0.0.1:2380",), data_dir=str(place / "etcd")
            ),
        ),
    )
    return made.model_copy(update=changes)


__all__ = ["CLUSTER", "COMMANDS", "FACTS", "NOW", "TAKEN", "UID", "blueprint", "request", "site"]
