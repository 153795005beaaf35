"""An emulated etcd with a store in a folder, and what must be true of both after a round."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyrage

from slackwater.model.run import Run
from slackwater_etcdctl.emulator import EtcdWorld
from slackwater_etcdctl.emulator.api import configmap, namespace
from slackwater_etcdctl.emulator.programs.database import database_of, trailer

from .scenario import green
from .store_checks import Unsound, beside, manifests, opened, plain_files
from .verdict import Verdict

CANARY = "tide-canary-5b1d"
"""A name that is in etcd, and must lie nowhere else in clear; stand-ins write values as hex."""


class EtcdSide:
    """Three members of etcd with something that must lie nowhere in clear, and a store."""

    def __init__(self, folder: Path, *, uid: str, members: int = 3) -> None:
        self.folder = folder
        self.world = EtcdWorld(folder / "etcd", members=members)
        objects = [namespace("kube-system", uid), namespace("shop", "uid-of-shop")]
        self.world.put(dict([*objects, configmap("shop", CANARY)]))
        self.store = folder / "vault"
        self.store.mkdir()
        identity = pyrage.x25519.Identity.generate()
        self.identity = str(identity)
        (folder / "vault.age").write_text(self.identity)
        self._recipient = str(identity.to_public())
        self.prepared = folder / "prepared"

    def stores(self) -> dict[str, Any]:
        """Return what stands in the fleet file."""
        own = {"encrypt_to": [self._recipient], "decrypt_with": "file:vault.age"}
        return {"vault": {"url": self.store.as_uri(), **own}}

    def settings(self) -> dict[str, Any]:
        """Return what stands under the tool in the fleet file."""
        return {
            **self.world.programs,
            "endpoints": list(self.world.endpoints),
            "store": "vault",
            "answer_within": 5.0,
            "restore": {
                "mode": "commands",
                "members": [self._member(name) for name in self.world.names],
                "prepare_in": str(self.prepared),
                "api_servers": [self._commands("api")],
                "restart": [list(self.world.host("is-up", "api"))],
            },
        }

    def _member(self, name: str) -> dict[str, Any]:
        own = {"peer_url": self.world.peer_url(name), "data_dir": str(self.world.data_dir(name))}
        return {"name": name, **own, "commands": self._commands(name)}

    def _commands(self, name: str) -> dict[str, Any]:
        host = self.world.host
        return {
            "stop": {"run": list(host("stop", name)), "done": list(host("is-down", name))},
            "start": {"run": list(host("start", name)), "done": list(host("is-up", name))},
        }

    def database(self, name: str) -> bytes:
        """Return the bytes of a member's database."""
        return Path(database_of(str(self.world.data_dir(name)))).read_bytes()

    def judge_backup(self, run: Run, verdict: Verdict) -> None:
        """One manifest, its artefact byte for byte the database, nothing beside it."""
        found = manifests(self.store)
        if not found:
            verdict.lost.append("there is no manifest")
        if len(found) > 1:
            verdict.doubled.append(f"manifests {[each['name'] for each in found]}")
        for each in found:
            trouble = self._trouble(each)
            if trouble and green(run):
                verdict.false_green.append(trouble)
        verdict.orphans += beside(self.store)
        self.judge_secrecy(verdict)

    def _trouble(self, manifest: Mapping[str, Any]) -> str:
        try:
            plain = opened(self.store, manifest, "snapshot.db", self.identity)
        except Unsound as error:
            return str(error)
        right = {database + trailer(database) for database in map(self.database, self.world.names)}
        return "" if plain in right else f"{manifest['name']} is not what etcd held"

    def judge_secrecy(self, verdict: Verdict) -> None:
        """Nothing of the content lies in clear, but in the members' own directories."""
        own = [self.world.path]
        verdict.plain += plain_files(self.folder, CANARY.encode(), except_in=own)

    def judge_restore(
        self, run: Run, before: Mapping[str, bytes], then: Mapping[str, str], verdict: Verdict
    ) -> None:
        """All members hold what was saved, as one new cluster; what they held is aside, once."""
        wrong = [f"{name} {why}" for name in self.world.names for why in self._wrong(name, then)]
        clusters = {self.world.member(name).identity.cluster for name in self.world.names}
        if len(clusters) != 1:
            wrong.append(f"the members are of {len(clusters)} clusters")
        if self.world.folder.table("settings").get("api_stopped"):
            wrong.append("the API server is down")
        (verdict.false_green if green(run) else verdict.lost).extend(wrong)
        for name in self.world.names:
            self._judge_aside(name, before[name], verdict)
        left = [path for path in self.prepared.rglob("*") if path.is_file()]
        verdict.orphans += [str(path.relative_to(self.folder)) for path in left]
        self.judge_secrecy(verdict)

    def _wrong(self, name: str, then: Mapping[str, str]) -> list[str]:
        found = []
        if self.world.folder.member_at(self.world.place(name)) is None:
            found.append("is down")
        keys = self.world.member(name).database.keys
        if {key.decode(): value.decode() for key, (_, value) in keys.items() if key} != then:
            found.append("does not hold what was saved")
        return found

    def _judge_aside(self, name: str, before: bytes, verdict: Verdict) -> None:
        folder = self.world.data_dir(name)
        aside = sorted(folder.glob("member.before-*"))
        verdict.orphans += [str(path) for path in folder.glob("member.coming-*")]
        if len(aside) > 1:
            verdict.doubled.append(f"{name} was moved aside {len(aside)} times")
        kept = [path / "snap" / "db" for path in aside]
        if not any(path.exists() and path.read_bytes() == before for path in kept):
            verdict.lost.append(f"what {name} held before the restore")
