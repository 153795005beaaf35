"""An emulated cluster with snapshots of a CSI driver: a backup, and an exchange in place; and what
must be true of cluster, storage and store after a round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from slackwater.model.run import Run
from slackwater.testing.fleet_stores import folder_entry
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater_csi import labels
from slackwater_csi.emulator import install
from slackwater_csi.emulator.definitions import CONTENTS, SNAPSHOTS
from slackwater_csi.emulator.seeding import contents, seed, write

from .scenario import Emulated, Scenario, green
from .store_checks import beside, manifests, plain_files
from .verdict import Verdict

_PACE = 0.02
_CANARY = "orders"
"""Data of a volume: it lies in the storage system, and in no file of ours."""


class CsiBackup(Emulated):
    """A namespace with two volumes and its objects is backed up."""

    name = "csi backup"

    def prepare(self) -> Sequence[str]:
        """Serve a cluster with a shop, its controllers and a driver."""
        self.api = KubernetesApi("edge")
        installed = self.stack.enter_context(install({"edge": self.api}, pace=_PACE))
        self.storage = installed.servers["edge"].storage
        seed(self.api)
        server = self.stack.enter_context(serve(self.api))
        server.kubeconfig(self.folder / "kubeconfig", context="edge")
        self.shop = contents(self.api, "shop")
        self.store = self.folder / "vault"
        settings = {"store": "vault", "objects": True}
        entry = {"kubeconfig": "file:kubeconfig", "backends": {"csi": settings}}
        self.write_fleet(
            stores={"vault": folder_entry(self.store)},
            clusters={"edge": {**entry, "context": "edge"}},
        )
        return ("backup", "--cluster", "edge", "--namespace", "shop")

    def untouched(self) -> bool:
        """No snapshot is there, and nothing in the store."""
        return not self.api.list(SNAPSHOTS) and not manifests(self.store, "csi")

    def judge(self, run: Run, verdict: Verdict) -> None:
        """One point; for each volume one snapshot with its data, which outlives the namespace."""
        found = manifests(self.store, "csi")
        if not found:
            verdict.lost.append("there is no manifest")
        if len(found) > 1:
            verdict.doubled.append(f"manifests {[each['name'] for each in found]}")
        for each in found:
            if green(run):
                verdict.false_green += self._untrue(each["facts"])
        self.judge_kept(verdict)

    def judge_kept(self, verdict: Verdict) -> None:
        """Nothing lies about that no point names; no volume was snapshotted twice for it."""
        named = [
            volume["content"]
            for each in manifests(self.store, "csi")
            for volume in each["facts"].get("volumes", ())
        ]
        there = self.api.list(CONTENTS)
        twice = Counter(each["spec"]["source"].get("volumeHandle") for each in there)
        verdict.doubled += [f"{n} contents of {v}" for v, n in twice.items() if v and n > 1]
        verdict.orphans += [
            f"content {each['metadata']['name']}"
            for each in there
            if each["metadata"]["name"] not in named
        ]
        handles = {(each.get("status") or {}).get("snapshotHandle") for each in there}
        lone = set(self.storage.snapshots) - handles
        verdict.orphans += [f"{handle} in the storage" for handle in sorted(lone)]
        verdict.orphans += beside(self.store, "csi")
        verdict.plain += plain_files(self.folder, _CANARY.encode())

    def _untrue(self, facts: dict[str, Any]) -> list[str]:
        """Say what of a point is not as its manifest has it."""
        contents_ = {each["metadata"]["name"]: each for each in self.api.list(CONTENTS)}
        held = {each["claim"]: each for each in facts["volumes"] if each["held"]}
        wanted = {key[5:]: data for key, data in self.shop.items() if key.startswith("data/")}
        wrong = [f"it lacks {claim}" for claim in sorted(set(wanted) - set(held))]
        for claim, each in held.items():
            content = contents_.get(each["content"])
            if self.storage.snapshots.get(each["handle"]) != wanted[claim]:
                wrong.append(f"{each['handle']} is not what was on {claim}")
            if content is None or content["spec"]["deletionPolicy"] != "Retain":
                wrong.append(f"{each['content']} goes with its namespace")
        return wrong


class CsiRestore(CsiBackup):
    """The volumes are exchanged under the workload that uses them, and its objects put back."""

    name = "csi restore"

    def prepare(self) -> Sequence[str]:
        """Back up, spoil, and plan."""
        self.must(*super().prepare())
        for claim in ("data", "media"):
            write(self.api, "shop", claim, f"burnt {claim}")
        self.api.patch("configmaps", "prices", {"data": {"tea": "9"}}, "shop")
        self.before = {each["metadata"]["name"] for each in self.api.list("persistentvolumes")}
        command = self.plan("--cluster", "edge", "--namespace", "shop", "--update")
        self.forget()
        return command

    def untouched(self) -> bool:
        """Every claim has its volume of before, and every pod runs."""
        now = {each["metadata"]["name"] for each in self.api.list("persistentvolumes")}
        return now == self.before and self._replicas() == 1

    def judge(self, run: Run, verdict: Verdict) -> None:
        """The shop as it was; what it was replaced is kept, once; nothing is shown any more."""
        standing = contents(self.api, "shop")
        if green(run) and standing != self.shop:
            verdict.false_green.append(f"edge/shop is {standing}")
        if self._replicas() != 1:
            (verdict.false_green if green(run) else verdict.lost).append("its pods do not run")
        kept = Counter(
            (each["metadata"].get("annotations") or {}).get(DATA)
            for each in self.api.list("persistentvolumes")
            if each["metadata"].get("annotations", {}).get(labels.WAS)
        )
        for claim in ("data", "media"):
            if kept[f"burnt {claim}"] != 1:
                word = verdict.doubled if kept[f"burnt {claim}"] else verdict.lost
                word.append(f"the old volume of {claim}, {kept[f'burnt {claim}']} times")
        if len(self.api.list("persistentvolumes")) != len(self.before) + 2:
            verdict.doubled.append("more volumes were made than there are claims")
        self.judge_kept(verdict)

    def _replicas(self) -> int:
        return int(self.api.get("deployments.apps", "web", "shop")["spec"]["replicas"])


SCENARIOS: tuple[type[Scenario], ...] = (CsiBackup, CsiRestore)
