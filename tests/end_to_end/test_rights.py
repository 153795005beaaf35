"""The rights that the documents and the plugin name are enough, and each lack is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from slackwater import Fleet
from slackwater.client import RunHandle
from slackwater.errors import RunFailed
from slackwater.model.run import RunState
from slackwater_velero.rights import roles

from .road import VELERO, Object, Road, backed_up, ended, manifests, restored, story, thing

pytestmark = pytest.mark.real

USER = "harbour-clerk"
SECURITY = Path(__file__).parents[2] / "core" / "docs" / "security.md"
RBAC = "rbac.authorization.k8s.io"


def documented() -> list[Object]:
    """Return the roles that stand in the document on security, and those of the plugin."""
    blocks = re.findall(r"```yaml\n(.*?)```", SECURITY.read_text(), re.DOTALL)
    ours = [yaml.safe_load(block) for block in blocks if "kind: ClusterRole" in block]
    assert [role["metadata"]["name"] for role in ours] == ["slackwater", "slackwater-restore"]
    return [*ours, *yaml.safe_load_all(roles(VELERO))]


def bindings() -> Iterator[Object]:
    for role in documented():
        kind, metadata = role["kind"], role["metadata"]
        reference = {"apiGroup": RBAC, "kind": kind, "name": metadata["name"]}
        subject = {"apiGroup": RBAC, "kind": "User", "name": USER}
        place = metadata.get("namespace", "")
        name = f"{metadata['name']}-{USER}"
        content = {"roleRef": reference, "subjects": [subject]}
        yield thing(f"{RBAC}/v1", f"{kind}Binding", name, place, **content)


@pytest.fixture
def clerk(road: Road) -> Iterator[Fleet]:
    """The fleet in the hands of somebody who may do what is documented, and nothing else."""
    for cluster in road.testbed:
        cluster.apply(manifests(*documented(), *bindings()))
    logins = {cluster.name: cluster.kubeconfig_for(USER) for cluster in road.testbed}
    with road.open(kubeconfigs=logins) as fleet:
        yield fleet


def take_away(road: Road, cluster: str, verb: str, kind: str) -> None:
    """Take one verb on one kind from the plugin's role."""
    changed = [role for role in documented() if role["metadata"]["name"] == "slackwater-velero"]
    for rule in (rule for role in changed for rule in role["rules"]):
        if kind in rule["resources"]:
            rule["verbs"].remove(verb)
    road.testbed[cluster].apply(manifests(*changed))


def test_the_documented_rights_are_enough_for_the_whole_road(
    road: Road, clerk: Fleet, fresh_namespace: str
) -> None:
    road.fill("east", fresh_namespace, 3)
    lacking = [f for f in clerk.doctor().findings if f.code in ("right-missing", "no-answer")]
    assert lacking == []
    backed_up(clerk, fresh_namespace)
    assert clerk.points(namespace=fresh_namespace).findings == ()
    there = road.named(f"{fresh_namespace}-b")
    plan = clerk.plan(
        at="now",
        namespace=fresh_namespace,
        to="west",
        map={fresh_namespace: there},
        map_class={"slow": "fast"},
    )
    with road.looking_at_once("west"):
        run = restored(clerk, plan)
    assert run.state is RunState.SUCCEEDED, story(run)
    assert road.config_maps("west", there) == road.config_maps("east", fresh_namespace)


def back_up(fleet: Fleet, name: str, _: str) -> RunHandle:
    return fleet.backup(cluster="east", namespace=name)


def restore(fleet: Fleet, name: str, there: str) -> RunHandle:
    plan = fleet.plan(at="now", namespace=name, map={name: there})
    return fleet.restore(plan, confirm=plan.digest)


@pytest.mark.parametrize(("kind", "act"), [("backups", back_up), ("restores", restore)])
def test_a_right_that_is_missing_is_named_by_doctor_and_by_the_run_that_needs_it(
    road: Road,
    clerk: Fleet,
    fresh_namespace: str,
    kind: str,
    act: Callable[[Fleet, str, str], RunHandle],
) -> None:
    road.fill("east", fresh_namespace, 1)
    backed_up(clerk, fresh_namespace)
    take_away(road, "east", "create", kind)
    missing = [f for f in clerk.doctor(cluster="east").findings if f.code == "right-missing"]
    assert [f.subject for f in missing] == [f"{kind}.velero.io"]
    assert f"not allowed to create {kind}.velero.io" in missing[0].message
    handle = act(clerk, fresh_namespace, road.named(f"{fresh_namespace}-b"))
    run = ended(clerk, handle.id)
    assert run.state is RunState.FAILED, story(run)
    with pytest.raises(RunFailed, match=f"not allowed to create {kind}.velero.io"):
        handle.result()
