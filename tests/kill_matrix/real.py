"""The scenarios over real engines: Velero in two clusters, and the etcd under one of them."""

from __future__ import annotations

import io
import json
import secrets
import subprocess
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import yaml

from slackwater.model.run import Run

from ..end_to_end.road import BACKUPS, RESTORES, Road
from .scenario import Scenario, green
from .store_checks import Unsound, beside, manifests, opened, plain_files
from .verdict import Verdict

if TYPE_CHECKING:
    from slackwater_testbed.testbed import Testbed

_MANY = 30
_SPOKEN = ("fleet.yaml", "plan.yaml", "out", "err", "state/ledger.db", "state/ledger.db-wal")


class Real(Scenario):
    """In a testbed, with a namespace of its own in east."""

    testbed: ClassVar[Testbed]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.stack = ExitStack()
        self.road = Road(self.testbed, self.folder)
        self.stack.callback(self.road.close)

    def close(self) -> None:
        """Remove what was made in the clusters."""
        self.stack.close()

    def furnish(self) -> None:
        """Make a namespace with so many ConfigMaps, and a fleet file."""
        self.space = self.road.named(f"kill-{secrets.token_hex(3)}")
        self.testbed["east"].kubectl("create", "namespace", self.space)
        self.road.fill("east", self.space, _MANY)
        self.before = self.road.config_maps("east", self.space)
        self.road.write()

    def judge_backup(self, run: Run, verdict: Verdict) -> None:
        """One Backup for the run, one folder in the store, and in it all of the namespace."""
        made = self.road.in_velero(BACKUPS, run)
        names = [each["metadata"]["name"] for each in made]
        root = self.testbed.objectstore.bucket / "east" / "backups"
        kept = [name for name in names if (root / name / f"{name}.tar.gz").exists()]
        if not kept:
            verdict.lost.append(f"of the Backups {names} none is in the store")
        if len(names) > 1:
            verdict.doubled.append(f"Backups {names}")
        for name in kept:
            held = _config_maps(root / name / f"{name}.tar.gz", self.space)
            if green(run) and held != self.before:
                verdict.false_green.append(f"{name} holds {len(held)} of {len(self.before)}")


class RealVeleroBackup(Real):
    """A namespace is backed up."""

    name = "real velero backup"

    def prepare(self) -> Sequence[str]:
        """Make it."""
        self.furnish()
        return ("backup", "--cluster", "east", "--namespace", self.space)

    def judge(self, run: Run, verdict: Verdict) -> None:
        """See ``Real``."""
        self.judge_backup(run, verdict)


class RealVeleroRestore(RealVeleroBackup):
    """The namespace is restored into a cluster that does not know the store yet."""

    name = "real velero restore"

    def prepare(self) -> Sequence[str]:
        """Back up, and plan."""
        self.must(*super().prepare())
        command = self.plan("--cluster", "east", "--namespace", self.space, "--to", "west")
        self.forget()
        self.stack.enter_context(self.road.looking_at_once("west"))
        return command

    def judge(self, run: Run, verdict: Verdict) -> None:
        """One Restore for each act, the ConfigMaps as they were, nothing shown any more."""
        made = self.road.in_velero(RESTORES, run, "west")
        keys = [each["metadata"]["annotations"]["slackwater.dev/key"] for each in made]
        steps = Counter(key.rsplit("/", 1)[0] for key in keys)
        verdict.doubled += [f"{times} of {step}" for step, times in steps.items() if times > 1]
        standing = self.road.config_maps("west", self.space)
        if not standing:
            verdict.lost.append("nothing stands in west")
        if green(run) and standing != self.before:
            verdict.false_green.append(f"{len(standing)} of {len(self.before)} stand in west")
        left = {name for name in self.road.locations("west") if name.startswith("sw-ro-")}
        verdict.orphans += [f"location {name} in west" for name in left]


class RealEtcdBackup(Real):
    """The control plane of east is backed up."""

    name = "real etcd backup"

    def prepare(self) -> Sequence[str]:
        """Add its etcd to the fleet file."""
        from slackwater.testing.fleet_stores import folder_entry
        from slackwater_testbed.fleet import etcdctl_settings, restore_settings

        self.furnish()
        east = self.testbed["east"]
        settings = etcdctl_settings(east.etcd, store="vault")
        settings["restore"] = restore_settings(east, self.folder / "prepared")
        content = self.fleet()
        content["stores"] = {"vault": folder_entry(self.folder / "vault")}
        content["clusters"]["east"]["backends"]["etcdctl"] = settings
        self.write_fleet(**content)
        return ("backup", "--control-plane", "east")

    def judge(self, run: Run, verdict: Verdict) -> None:
        """One manifest, its artefact what etcd sent, nothing beside it, nothing in clear."""
        self.judge_snapshot(run, verdict)

    def judge_snapshot(self, run: Run, verdict: Verdict) -> None:
        """See ``judge``."""
        store = self.folder / "vault"
        found = manifests(store)
        if not found:
            verdict.lost.append("there is no manifest")
        if len(found) > 1:
            verdict.doubled.append(f"manifests {[each['name'] for each in found]}")
        for each in found:
            trouble = self._trouble(store, each)
            if trouble and green(run):
                verdict.false_green.append(trouble)
        verdict.orphans += beside(store)
        verdict.plain += plain_files(self.folder, self.space.encode(), except_in=self.spoken)

    def _trouble(self, store: Path, manifest: Mapping[str, Any]) -> str:
        identity = (self.folder / "vault.age").read_text()
        try:
            plain = opened(store, manifest, "snapshot.db", identity)
        except Unsound as error:
            return str(error)
        missing = [name for name in self.before if f"{self.space}/{name}".encode() not in plain]
        said = _status(plain)
        if said["revision"] != manifest["facts"]["revision"]:
            return f"its revision is {said['revision']}, not {manifest['facts']['revision']}"
        return f"it lacks {missing}" if missing else ""

    @property
    def spoken(self) -> Iterable[Path]:
        """What names the namespace in clear, and may: what was asked, and said."""
        return [self.folder / name for name in _SPOKEN]

    def fleet(self) -> dict[str, Any]:
        """Return what the road has written."""
        content = yaml.safe_load((self.folder / "fleet.yaml").read_text())
        return {name: part for name, part in content.items() if name != "version"}


class RealEtcdRestore(RealEtcdBackup):
    """The control plane of east is turned back under its API server."""

    name = "real etcd restore"

    def prepare(self) -> Sequence[str]:
        """Back up, change, and plan."""
        self.must(*super().prepare())
        east = self.testbed["east"]
        east.kubectl("create", "configmap", "made-since", "-n", self.space)
        east.kubectl("delete", "configmap", "order-0000", "-n", self.space)
        command = self.plan("--control-plane", "east")
        self.forget()
        return command

    def judge(self, run: Run, verdict: Verdict) -> None:
        """The namespace as it was, from etcd and from the caches; the old data aside, once."""
        standing = self.road.config_maps("east", self.space)
        if standing != self.before:
            (verdict.false_green if green(run) else verdict.lost).append("east is not as it was")
        if green(run) and self._cached() != set(self.before):
            verdict.false_green.append("a watch cache is wrong")
        verdict.orphans += [str(path) for path in (self.folder / "prepared").glob("*")]
        for member in self.testbed["east"].etcd.members:
            self._judge_aside(member.data_dir, run, verdict)
        verdict.plain += plain_files(self.folder, self.space.encode(), except_in=self.spoken)

    def _cached(self) -> set[str]:
        """Return what the API server lists from its memory."""
        path = f"/api/v1/namespaces/{self.space}/configmaps?resourceVersion=0"
        listed = json.loads(self.testbed["east"].kubectl("get", "--raw", path))
        return {each["metadata"]["name"] for each in listed["items"]} - {"kube-root-ca.crt"}

    def _judge_aside(self, data_dir: Path, run: Run, verdict: Verdict) -> None:
        aside = [path for path in data_dir.glob("member.before-*") if str(path) in _told(run)]
        if len(aside) != 1:
            (verdict.doubled if aside else verdict.lost).append(f"{len(aside)} aside in {data_dir}")
        verdict.orphans += [str(path) for path in data_dir.glob("member.coming-*")]


def _told(run: Run) -> str:
    """Return everything that a run has planned to do and left, as text."""
    return run.model_dump_json()


def _status(plain: bytes) -> Mapping[str, Any]:
    from slackwater_testbed.engines import binary

    with tempfile.NamedTemporaryFile() as file:
        file.write(plain)
        file.flush()
        asked = [str(binary("etcdutl")), "snapshot", "status", file.name, "-w", "json"]
        said = subprocess.run(asked, capture_output=True, check=True)
    status: Mapping[str, Any] = json.loads(said.stdout)
    return status


def _config_maps(archive: Path, namespace: str) -> dict[str, Any]:
    """Return the data of the ConfigMaps in a backup of Velero's, but those that servers make."""
    where = f"resources/configmaps/namespaces/{namespace}/"
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as held:
        members = [each for each in held.getmembers() if each.name.startswith(where)]
        found = [json.load(file) for each in members if (file := held.extractfile(each))]
    named = {each["metadata"]["name"]: each.get("data", {}) for each in found}
    return {name: data for name, data in named.items() if name != "kube-root-ca.crt"}


SCENARIOS: tuple[type[Real], ...] = (
    RealVeleroBackup,
    RealVeleroRestore,
    RealEtcdBackup,
    RealEtcdRestore,
)


def on(testbed: Testbed) -> Sequence[type[Scenario]]:
    """Return the scenarios, to be played in a testbed."""
    Real.testbed = testbed
    return SCENARIOS
