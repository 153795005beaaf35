"""Control planes turned back on real etcd: one member and three, by commands, killed in between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slackwater.errors import BackendUnavailable
from slackwater.model.act import Key
from slackwater.testing.fleet_stores import folder_entry
from slackwater_testbed.engines import binary
from slackwater_testbed.etcd import EtcdCluster
from slackwater_testbed.fleet import etcdctl_settings, restore_settings
from slackwater_testbed.parts import Parts

from .stage import Recipe, Watching, back_up, by_id, drive, perform_and_die, plain_files, plan

pytestmark = pytest.mark.real("etcd", "etcd-3.5", "etcd-3.5.9")

BUMP = 1_000_000_000
CANARY = b"canary-in-clear"


def recipe_for(etcd: EtcdCluster, folder: Path) -> Recipe:
    settings = etcdctl_settings(etcd, store="vault")
    settings["answer_within"] = 1.0
    settings["restore"] = restore_settings(etcd, folder / "prepared")
    return Recipe(settings, folder_entry(folder / "vault"), str(folder))


def fill(etcd: EtcdCluster, count: int, value: str = CANARY.decode()) -> None:
    for number in range(count):
        etcd.etcdctl("put", f"/registry/configmaps/shop/c{number}", value)


def keys(etcd: EtcdCluster) -> set[str]:
    return set(etcd.etcdctl("get", "", "--prefix", "--keys-only").split())


def header(etcd: EtcdCluster, number: int = 0) -> dict[str, int]:
    return etcd.status(etcd.members[number])["header"]


@pytest.mark.parametrize(("members", "family"), [(1, "etcd"), (3, "etcd"), (1, "etcd-3.5")])
def test_a_control_plane_is_turned_back(
    parts: Parts, tmp_path: Path, members: int, family: str
) -> None:
    etcd = parts.etcd(members=members, family=family)
    fill(etcd, 5)
    recipe = recipe_for(etcd, tmp_path)
    backend = recipe.build()
    point = back_up(backend)
    then, before = header(etcd), keys(etcd)
    etcd.etcdctl("put", "/registry/configmaps/shop/late", "x")
    etcd.etcdctl("del", "/registry/configmaps/shop/c1")

    planned = plan(backend, point)
    assert [f for f in planned.findings if f.blocks] == []
    acts = tuple(a for a in planned.acts if a.id not in ("require-control-plane", "restart"))
    results = drive(backend, acts)

    assert keys(etcd) == before
    headers = [header(etcd, number) for number in range(members)]
    assert {h["revision"] for h in headers} == {then["revision"] + BUMP}
    assert {f"{h['cluster_id']:x}" for h in headers} == {results["prepare"]["control_plane"]}
    assert headers[0]["cluster_id"] != then["cluster_id"]
    assert results["prove"]["hash"] == results["require-members"]["hash"]
    assert results["prove"]["keys"] == len(before)
    for member in etcd.members:
        aside = Path(results["swap"]["aside"][member.name])
        assert aside.parent == member.data_dir
        assert (aside / "snap" / "db").is_file()
    assert not any((tmp_path / "prepared").iterdir())
    assert not any((tmp_path / "spool").iterdir())
    assert not list(plain_files(tmp_path, CANARY))


def test_what_was_restored_is_saved_and_restored_again(parts: Parts, tmp_path: Path) -> None:
    etcd = parts.etcd()
    fill(etcd, 5)
    recipe = recipe_for(etcd, tmp_path)
    before = keys(etcd)
    for again in ("r-first", "r-second"):
        backend = recipe.build()
        point = back_up(backend, again)
        acts = plan(backend, point).acts
        drive(backend, tuple(a for a in acts if a.id not in ("require-control-plane", "restart")))
        assert keys(etcd) == before


def test_an_old_member_cannot_join_the_restored_cluster(parts: Parts, tmp_path: Path) -> None:
    etcd = parts.etcd(members=3)
    fill(etcd, 2)
    backend = recipe_for(etcd, tmp_path).build()
    point = back_up(backend)
    acts = tuple(a for a in plan(backend, point).acts if a.id != "require-control-plane")
    results = drive(backend, tuple(a for a in acts if a.id != "restart"))
    stray = etcd.members[2]

    stray.server.stop()
    current = stray.data_dir / "member"
    current.rename(stray.data_dir / "restored")
    Path(results["swap"]["aside"][stray.name]).rename(current)
    stray.server.launch()
    stray.server.wait_until(stray.listening)

    etcd.etcdctl_at(etcd.members[0], "put", "after", "x")
    assert "after" in etcd.etcdctl_at(etcd.members[1], "get", "after", "--keys-only")
    assert "cluster ID mismatch" in stray.server.log.read_text()
    with pytest.raises(BackendUnavailable, match=stray.client_url):
        hurried(recipe_for(etcd, tmp_path)).build().perform(
            by_id(acts)["require-members"], Key(run="r-1", step="x"), Watching()
        )


def test_a_tool_too_old_is_refused_unless_the_bump_is_done_without(
    parts: Parts, tmp_path: Path
) -> None:
    etcd = parts.etcd(family="etcd-3.5")
    fill(etcd, 2)
    recipe = recipe_for(etcd, tmp_path)
    settings = {**recipe.settings, "etcdutl": str(binary("etcdutl", "etcd-3.5.9"))}
    backend = Recipe(settings, recipe.store, recipe.folder).build()
    point = back_up(backend)
    assert [f.code for f in plan(backend, point).findings if f.blocks] == ["tool-too-old"]

    settings["restore"] = {**recipe.settings["restore"], "bump_revision": 0}
    without = Recipe(settings, recipe.store, recipe.folder).build()
    etcd.etcdctl("put", "late", "x")
    planned = plan(without, point)
    assert [f for f in planned.findings if f.blocks] == []
    drive(without, tuple(a for a in planned.acts if a.id != "require-control-plane"))
    assert "late" not in keys(etcd)


def test_an_older_snapshot_is_not_restored_by_a_newer_minor_version(
    parts: Parts, tmp_path: Path
) -> None:
    etcd = parts.etcd(family="etcd-3.5")
    fill(etcd, 2)
    recipe = recipe_for(etcd, tmp_path)
    point = back_up(recipe.build())
    newer = {name: str(binary(name, "etcd")) for name in ("etcd", "etcdutl")}
    backend = Recipe({**recipe.settings, **newer}, recipe.store, recipe.folder).build()
    assert {f.code for f in plan(backend, point).findings if f.blocks} == {"cross-minor"}


def hurried(recipe: Recipe) -> Recipe:
    settings = {**recipe.settings}
    settings["restore"] = {**settings["restore"], "healthy_within": "1s"}
    return Recipe(settings, recipe.store, recipe.folder)


@pytest.mark.parametrize("act_id", ["fetch", "prepare", "prove"])
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_what_is_killed_while_it_prepares_is_done_once(
    parts: Parts, tmp_path: Path, act_id: str, step: int
) -> None:
    etcd = parts.etcd()
    fill(etcd, 2)
    recipe = recipe_for(etcd, tmp_path)
    backend = recipe.build()
    acts = plan(backend, back_up(backend)).acts
    ids = [act.id for act in acts]
    place = ids.index(act_id)
    drive(backend, acts[:place])
    act, key = acts[place], Key(run="r-1", step=act_id)

    effect = 1
    while perform_and_die(recipe, act, key, effect):
        allowed = {tmp_path / "prepared", tmp_path / "spool"}
        assert not [f for f in plain_files(tmp_path, CANARY) if allowed.isdisjoint(f.parents)]
        effect += step
    assert effect > step
    again = backend.perform(act, key, Watching())
    rest = acts[place + 1 : ids.index("require-control-plane")]
    drive(backend, rest)

    assert len(keys(etcd)) == 2
    assert (again.get("control_plane") or f"{header(etcd)['cluster_id']:x}") == (
        f"{header(etcd)['cluster_id']:x}"
    )
    assert not processes_in(tmp_path / "spool")


def processes_in(folder: Path) -> list[str]:
    """The commands of processes that work in a folder; waits a moment for those that are ending."""
    deadline = time.monotonic() + 10
    while found := [command for cwd, command in running() if cwd.is_relative_to(folder)]:
        if time.monotonic() > deadline:
            return found
        time.sleep(0.05)
    return []


def running() -> Iterator[tuple[Path, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield (process / "cwd").readlink(), (process / "cmdline").read_text()
        except OSError:
            continue
