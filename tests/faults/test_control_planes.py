"""Control planes that are gone, or are another's; two restores at once; clocks that are wrong."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slackwater_etcdctl.emulator.api import configmap, namespace

from .home import Place, with_both_tools


def test_a_control_plane_is_turned_back_as_often_as_needed(home: Place) -> None:
    """A restore leaves a trace in etcd, and the next snapshot of it is none the worse."""
    for _ in range(2):
        then = home.world.values()
        home.back_up()
        assert home.world.values() != then
        _, plan = home.plan()
        said = home.restore(plan)
        assert said.code == 0, said.all
        assert home.world.values() == then


def test_a_plan_counts_what_was_made_and_deleted_since(home: Place) -> None:
    home.world.put(dict([configmap("shop", "prices"), configmap("shop", "stock")]))
    made = home.back_up()
    home.world.put(dict([made_in(configmap("shop", "since-0"), timedelta(seconds=5))]))
    assert made["facts"]["objects"] == {"namespaces": 2, "configmaps": 3}
    home.world.remove("/registry/configmaps/shop/prices", "/registry/configmaps/shop/stock")
    told, _ = home.plan("--control-plane home -o json")
    assert told.code == 0, told.all
    assert "2 deleted since will come back (2 configmaps)" in told.out
    assert re.search(r"1 (objects made|changed) since will be", told.out)


def made_in(entry: tuple[str, str], later: timedelta) -> tuple[str, str]:
    """Date an object later: of one made in the second of the snapshot nobody can tell."""
    key, value = entry
    body = json.loads(value)
    body["metadata"]["creationTimestamp"] = f"{datetime.now(UTC) + later:%Y-%m-%dT%H:%M:%SZ}"
    return key, json.dumps(body)


def test_another_cluster_behind_the_same_name_is_left_alone(home: Place) -> None:
    home.back_up()
    _, plan = home.plan()
    home.world.put(dict([namespace("kube-system", "uid-of-another")]))
    before = home.state()
    said = home.restore(plan)
    assert said.code == 6, said.all
    assert "is another cluster now" in said.err
    assert "make the plan again" in said.err
    assert home.state() == before
    again, _ = home.plan()
    assert again.code == 6, again.all
    assert "choose a snapshot of this cluster" in again.out


def test_another_etcd_under_a_silent_api_server_is_left_alone(home: Place) -> None:
    """Whose hosts these are, only the store of the control plane can tell then."""
    home.back_up()
    _, plan = home.plan()
    for name in home.world.names:
        identity = home.world.member(name).identity
        identity.cluster += 1
        identity.write(str(home.world.data_dir(name)))
    home.world.folder.change("settings", api_stopped=True)
    before = home.state()
    said = home.restore(plan)
    assert said.code == 6, said.all
    assert "home has another control plane now" in said.err
    assert "make the plan again" in said.err
    assert home.state() == before


def test_a_cluster_that_is_gone_is_not_touched_by_an_older_plan(home: Place) -> None:
    home.back_up()
    _, plan = home.plan()
    for name in home.world.names:
        home.world.stop(name)
    home.world.folder.change("settings", api_stopped=True)
    before = home.state()
    said = home.restore(plan)
    assert said.code == 5, said.all
    assert "nobody can tell whether it is the planned one" in said.err
    assert "make the plan again: a person is then asked" in said.err
    assert home.state() == before

    again, plan = home.plan()
    assert again.code == 0, again.all
    assert "confirm that these are the hosts of home" in again.out
    said = home.restore(plan)
    assert said.code == 7, said.all
    assert home.state() == before


def test_a_namespace_is_not_restored_beside_a_control_plane(both: Place) -> None:
    """Whichever came first holds the cluster, until it has ended or was cancelled."""
    both.back_up("east")
    assert both("backup --cluster east --namespace shop").code == 0
    _, plan = both.plan("--cluster east --namespace shop --map shop=drill")
    beside = plan.rename(both.folder / "beside.yaml")
    _, plan = both.plan("--control-plane east")
    first = both.restore(plan)
    assert first.code == 7, first.all

    said = both.restore(beside)
    assert said.code == 6, said.all
    [run] = re.findall(r"^run (r-\w+) ", first.err, re.MULTILINE)[:1]
    assert run in said.err
    assert both(f"runs cancel {run}").code == 130
    assert both.restore(beside).code == 0


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_an_hour_off_is_said_wherever_times_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], quick: None, hours: int
) -> None:
    """An etcd snapshot is dated by our clock; what Velero makes, by its cluster's."""
    with with_both_tools(tmp_path, capsys, ahead=timedelta(hours=hours)) as both:
        manifest = both.back_up("east")
        assert both("backup --cluster east --namespace shop").code == 0
        told, _ = both.plan("--cluster east --namespace shop --to west")
        assert told.code == (6 if hours > 0 else 0), told.all
        assert f"its clock is 3600 s {'ahead of' if hours > 0 else 'behind'} ours" in told.out
        assert "keep the time there" in told.out
        whole, _ = both.plan("--control-plane east")
        assert manifest["name"] in whole.out
        assert "its clock is 3600 s" in whole.out
        assert "its clock is 3600 s" in both("doctor --cluster east").out
