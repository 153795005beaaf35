"""Clusters with an emulated etcd, and the command line over them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from slackwater.cli.app import run
from slackwater.clusters import utc_now
from slackwater_etcdctl.emulator.api import configmap, serve_api

from ..cli.terminal import Said
from ..kill_matrix.etcd_side import EtcdSide
from ..kill_matrix.velero_side import VeleroSide


class Place:
    """A folder with a fleet file, an etcd that the fleet file names, and a terminal."""

    velero: VeleroSide

    def __init__(
        self, folder: Path, capsys: pytest.CaptureFixture[str], side: EtcdSide, **content: Any
    ) -> None:
        self.folder, self._capsys, self.side = folder, capsys, side
        self.world = side.world
        self.content = {"version": 1, "stores": side.stores(), **content}
        self.write()

    def write(self) -> None:
        """Write the fleet file."""
        (self.folder / "fleet.yaml").write_text(json.dumps(self.content, indent=1))

    def __call__(self, line: str, *more: object) -> Said:
        """Type a command; ``more`` are arguments that need no quoting."""
        self._capsys.readouterr()
        own = (
            "--fleet",
            self.folder / "fleet.yaml",
            "--ledger",
            self.folder / "state" / "ledger.db",
        )
        code = run([*map(str, own), *shlex.split(line), *map(str, more)])
        captured = self._capsys.readouterr()
        return Said(code, captured.out, captured.err)

    def back_up(self, cluster: str = "home") -> dict[str, Any]:
        """Back up, and change something; return the manifest."""
        before = {path.name for path in self._manifests}
        said = self(f"backup --control-plane {cluster}")
        assert said.code == 0, said.all
        self.world.put(dict([configmap("shop", f"since-{len(before)}")]))
        [made] = [path for path in self._manifests if path.name not in before]
        return dict(json.loads(made.read_text()))

    def plan(self, line: str = "--control-plane home") -> tuple[Said, Path]:
        """Make a plan to this moment, and save it."""
        file = self.folder / "plan.yaml"
        at = "" if "--at" in line else "--at now"
        return self(f"plan {at} {line} --save", file), file

    def restore(self, file: Path) -> Said:
        """Execute a plan."""
        digest = file.read_text().partition("digest: ")[2].partition("\n")[0]
        return self("restore", file, "--confirm", digest)

    def artefact(self, manifest: dict[str, Any]) -> Path:
        """Return where the snapshot of a point lies."""
        [artefact] = manifest["artefacts"]
        return self.side.store / "etcdctl" / artefact["key"]

    def manifest(self, manifest: dict[str, Any]) -> Path:
        """Return where a manifest lies."""
        return self.side.store / "etcdctl" / "manifests" / f"{manifest['name']}.json"

    def state(self) -> object:
        """Return all that a restore could spoil: the members, their data, the API server."""
        api = self.world.folder.table("settings").get("api_stopped")
        return api, {
            name: (
                self.world.folder.member_at(self.world.place(name)) is not None,
                self._held(name),
            )
            for name in self.world.names
        }

    def prepared(self) -> list[Path]:
        """Return the files that lie about of what was prepared, or is in the spool."""
        places = (self.side.prepared, self.folder / "state" / "spool")
        found = [path for place in places for path in place.rglob("*") if path.is_file()]
        return [path for path in found if path.name != "lock"]

    @property
    def _manifests(self) -> list[Path]:
        return list((self.side.store / "etcdctl" / "manifests").glob("*"))

    def _held(self, name: str) -> dict[str, bytes]:
        root = self.world.data_dir(name)
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }


@contextmanager
def at_home(folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """Give the cluster ``home``: three members, and an API server over them."""
    side = EtcdSide(folder, uid="uid-of-home")
    entry = {"kubeconfig": "file:kubeconfig", "backends": {"etcdctl": side.settings()}}
    with serve_api(side.world, folder / "kubeconfig"):
        yield Place(folder, capsys, side, clusters={"home": entry})


@contextmanager
def with_both_tools(
    folder: Path, capsys: pytest.CaptureFixture[str], *, ahead: timedelta = timedelta(0)
) -> Iterator[Place]:
    """Give the clusters ``east`` and ``west`` with Velero; east has an etcd too, guided by hand.

    ``ahead`` is by how much the clock of east is wrong.
    """
    with ExitStack() as stack:
        velero = VeleroSide(folder, stack, clock=lambda: utc_now() + ahead)
        kube_system = velero.apis["east"].get("namespaces", "kube-system")
        side = EtcdSide(folder, uid=kube_system["metadata"]["uid"], members=1)
        settings = side.settings()
        settings["restore"]["mode"] = "guided"
        clusters = velero.clusters()
        clusters["east"]["backends"]["etcdctl"] = settings
        place = Place(folder, capsys, side, clusters=clusters)
        place.velero = velero
        yield place
