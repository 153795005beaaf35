"""Four unlike tools, an accident in three clusters, one plan to one moment: the demo, looked into.

Real are the control planes, Velero, etcd, S3, the CSI sidecars, and a driver whose volumes are
directories. K10 is emulated, as an aggregated API behind a real API server.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slackwater import Fleet
from slackwater.cli.plan_file import read_plan
from slackwater.clusters import Cluster, Resource
from slackwater.demo.cast import CRM, PARTS, TILLS
from slackwater.demo.story import MARK, Story
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.run import RunState
from slackwater_testbed.stage import RealStage

from .control_planes import BUMP, cached, differences, held, revision_of, stored
from .road import LOCATIONS, RESTORES, VELERO, codes, story

pytestmark = pytest.mark.real("etcd", "kubernetes", "velero", "s3", "csi", "csi-driver")

RESTORE_ACTIONS = Resource("actions.kio.kasten.io", "v1alpha1", "restoreactions")
CONTENTS = Resource("snapshot.storage.k8s.io", "v1", "volumesnapshotcontents", namespaced=False)
TOLD = {"velero": "dr-eu", "kasten": "prod-us", "csi": "edge", "etcdctl": "edge"}


@pytest.fixture
def stage() -> Iterator[RealStage]:
    made = RealStage()
    yield made
    made.close()
    assert not left_running(), "a demo leaves nothing behind"


def left_running() -> list[str]:
    """Return the command lines that name a folder of this process's stage."""
    of_ours, found = f"/run-{os.getpid()}-story".encode(), []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            line = file.read_bytes()
            if of_ours in line:
                found.append(line.replace(b"\0", b" ").decode())
    return found


def test_four_tools_in_three_clusters_go_back_to_one_moment(
    stage: RealStage, tmp_path: Path
) -> None:
    told = Story(stage, tmp_path, quiet=True)
    told.begin()
    told.back_up()
    with Fleet.load(tmp_path / "fleet.yaml", ledger=told.terminal.ledger) as fleet:
        in_mark = marked(fleet)
        (mark,) = fleet.ledger.marks(MARK)
        revision = revision_of(fleet.point(in_mark["etcdctl", "edge"].name))
    begins = [p.begin for p in in_mark.values() if p.begin]
    assert (mark.complete, len(in_mark)) == (True, len(PARTS) + 2)
    assert mark.spread is not None
    assert abs(mark.spread - (max(begins) - min(begins)).total_seconds()) < 1
    edge = stage.plane("edge")
    whole = held(edge, revision)
    moment = datetime.now(UTC)

    told.have_the_accident()
    saved = told.plan(moment)

    plan = read_plan(saved)
    assert (plan.mark, plan.blocked) == (MARK, False)
    assert {(step.tool, step.cluster) for step in plan.steps} >= set(TOLD.items())
    assert {choice.workload.cluster for choice in plan.choices} == {"prod-eu", "prod-us", "edge"}
    assert {choice.point.id for choice in plan.choices} < {p.id for p in in_mark.values()}
    assert "turns-back" in codes(plan.findings)
    assert "volumes-stay" not in codes(plan.findings), "that of the tills follows"

    told.restore(saved)

    told.prove()
    assert set(told.volumes) == set(PARTS[1:]), "there are disks where there is a driver"
    # At the first moment after it the whole of etcd was as the snapshot has it; volumes followed.
    assert differences(whole, held(edge, revision + BUMP)) == set()
    for kind in ("namespaces", "configmaps", "persistentvolumeclaims"):
        assert cached(edge, f"/api/v1/{kind}") == stored(edge, kind)
    require_done_once(stage)
    with Fleet.load(tmp_path / "fleet.yaml", ledger=told.terminal.ledger) as fleet:
        run = fleet.runs()[0]
        assert run.state is RunState.SUCCEEDED, story(run)
        assert fleet.points(cluster="edge", tool="csi").points != ()


def marked(fleet: Fleet) -> dict[tuple[str, str], RecoveryPoint]:
    """The parts of the mark by tool and namespace, or cluster where it is a whole one."""
    found = [p for p in fleet.points().points if p.stamp and p.stamp.mark == MARK]
    return {(p.id.tool, (*p.scope.namespaces, p.origin)[0]): p for p in found}


def require_done_once(stage: RealStage) -> None:
    """Nothing was done twice, though the process was killed, and nothing is left of the way."""
    with reached(stage, "dr-eu") as dr_eu:
        restores = [r["spec"] for r in dr_eu.list(RESTORES.path(VELERO))]
        assert len([r for r in restores if "shop" in r.get("includedNamespaces", ())]) == 1
        assert [x["metadata"]["name"] for x in dr_eu.list(LOCATIONS.path(VELERO))] == ["default"]
    with reached(stage, CRM.cluster) as prod_us:
        assert len(list(prod_us.list(RESTORE_ACTIONS.path(CRM.namespace)))) == 1
    with reached(stage, TILLS.cluster) as edge:
        assert len(list(edge.list(CONTENTS.path()))) <= 1


def reached(stage: RealStage, name: str) -> Cluster:
    return Cluster(name, kubeconfig=stage.plane(name).kubeconfig)
