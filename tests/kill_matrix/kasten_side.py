"""Emulated clusters with emulated K10: a backup with its export, a restore in place, and one by an
import elsewhere; and what must be true of both clusters after a round.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from slackwater.model.act import Key
from slackwater.model.run import Run
from slackwater.testing.fleet_stores import folder_entry
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.kubernetes_api.disks import DATA
from slackwater.testing.kubernetes_api.workloads import contents, seed
from slackwater_kasten import labels
from slackwater_kasten.emulator import install
from slackwater_kasten.emulator.catalog import label_of
from slackwater_kasten.emulator.kinds import KINDS
from slackwater_kasten.emulator.seeding import add_classes
from slackwater_kasten.emulator.vault import PREFIX
from slackwater_kasten.starting import run_hash

from .scenario import Emulated, Scenario, green
from .store_checks import beside, manifests, plain_files
from .verdict import Verdict

_PACE = 0.02
_ACTIONS = tuple(plural for plural, kind in KINDS.items() if kind.kind.endswith("Action"))


class KastenBackup(Emulated):
    """A namespace with a volume is backed up and exported; the way to the export is kept."""

    name = "kasten backup"

    def prepare(self) -> Sequence[str]:
        """Serve east with a shop, west with nothing, and K10 in both over one bucket."""
        self.apis = {name: KubernetesApi(name) for name in ("east", "west")}
        for name, api in self.apis.items():
            add_classes(api, "fast", "slow")
            self.stack.enter_context(serve(api)).kubeconfig(
                self.folder / "kubeconfig", context=name
            )
        self.kasten = self.stack.enter_context(install(self.apis, pace=_PACE))
        seed(self.apis["east"])
        self.shop = contents(self.apis["east"], "shop")
        settings = {"export": "offsite", "store": "vault"}
        entry = {"kubeconfig": "file:kubeconfig", "backends": {"kasten": settings}}
        self.store = self.folder / "vault"
        self.write_fleet(
            stores={"vault": folder_entry(self.store)},
            clusters={name: {**entry, "context": name} for name in self.apis},
        )
        return ("backup", "--cluster", "east", "--namespace", "shop")

    def untouched(self) -> bool:
        """No action of ours is there."""
        return not any(self._actions(cluster) for cluster in self.apis)

    def judge(self, run: Run, verdict: Verdict) -> None:
        """One snapshot with one copy, both whole, and one way to the copy, in the store alone."""
        self.judge_actions(run, "east", verdict, backupactions=1, exportactions=1)
        kept = self.kasten.servers["east"].catalog.all("restorepointcontents")
        copies = [each for each in kept if label_of(each, labels.EXPORT_PROFILE)]
        for what, found in (("copies", copies), ("contents", [k for k in kept if k not in copies])):
            if not found:
                verdict.lost.append(f"there are no {what} in K10's catalogue")
            if len(found) > 1:
                verdict.doubled.append(f"{len(found)} {what} in K10's catalogue")
        for each in kept:
            lacking = self._lacking(each["metadata"]["name"])
            if lacking and green(run):
                verdict.false_green.append(f"{each['metadata']['name']} lacks {lacking}")
        ways = manifests(self.store, "kasten")
        if green(run) and len(ways) != 1:
            verdict.false_green.append(f"{len(ways)} ways to the export are kept")
        self.judge_secrecy(verdict)

    def judge_actions(self, run: Run, cluster: str, verdict: Verdict, **expected: int) -> None:
        """Hold the actions that the run has made in a cluster against what it was to make."""
        made = Counter(plural for plural, _ in self._actions(cluster, run))
        for plural in {*made, *expected}:
            found, wanted = made[plural], expected.get(plural, 0)
            if found > wanted:
                verdict.doubled.append(f"{found} {plural} in {cluster}, {wanted} expected")
            elif found < wanted:
                verdict.lost.append(f"{found} {plural} in {cluster}, {wanted} expected")

    def judge_secrecy(self, verdict: Verdict) -> None:
        """The receive string lies nowhere in clear, and nothing lies beside what is kept."""
        verdict.plain += plain_files(self.folder, PREFIX.encode())
        verdict.orphans += beside(self.store, "kasten")

    def judge_standing(self, run: Run, cluster: str, verdict: Verdict) -> None:
        """The shop as it was when it was backed up."""
        standing = contents(self.apis[cluster], "shop")
        if not standing:
            verdict.lost.append(f"nothing stands in {cluster}/shop")
        if green(run) and standing != self.shop:
            verdict.false_green.append(f"{cluster}/shop is {standing}")

    def _actions(self, cluster: str, run: Run | None = None) -> list[tuple[str, Mapping[str, Any]]]:
        """Return the actions that we have made, by any run or by one."""
        hashed = run_hash(Key(run=run.id, step="any")) if run else ""
        catalog = self.kasten.servers[cluster].catalog
        return [
            (plural, each)
            for plural in _ACTIONS
            for each in catalog.all(plural)
            if label_of(each, labels.RUN_HASH) and hashed in ("", label_of(each, labels.RUN_HASH))
        ]

    def _lacking(self, content: str) -> list[str]:
        inside = self.kasten.servers["east"].catalog.inside[content]
        held = {f"{a['resource']['resource']}/{a['resource']['name']}" for a in inside.artifacts}
        objects = {key.replace(".apps", "") for key in self.shop if not key.startswith("data/")}
        objects -= {"configmaps/kube-root-ca.crt"}  # every namespace gets its own
        data = {f"data/{claim}": text for claim, text in inside.data.items()}
        wanted = {key: text for key, text in self.shop.items() if key.startswith("data/")}
        return sorted((objects - held) | {key for key in wanted if data.get(key) != wanted[key]})


class KastenRestoreInPlace(KastenBackup):
    """The namespace is restored over what has become of it."""

    name = "kasten in place"

    def prepare(self) -> Sequence[str]:
        """Back up, spoil, and plan."""
        self.must(*super().prepare())
        api = self.apis["east"]
        spoil = {"metadata": {"annotations": {DATA: "burnt"}}}
        (claim,) = api.list("persistentvolumeclaims", "shop")
        api.patch("persistentvolumes", claim["spec"]["volumeName"], spoil)
        api.patch("configmaps", "prices", {"data": {"tea": "9"}}, "shop")
        self.bound = self._bound()
        command = self.plan("--cluster", "east", "--namespace", "shop", "--update")
        self.earlier = self._all_ours()
        self.forget()
        return command

    def untouched(self) -> bool:
        """No action of ours is there but those of the backup."""
        return self._all_ours() == self.earlier

    def judge(self, run: Run, verdict: Verdict) -> None:
        """One RestoreAction, the shop as it was, the catalogue shown as before."""
        self.judge_actions(run, "east", verdict, restoreactions=1)
        self.judge_standing(run, "east", verdict)
        verdict.orphans += [f"RestorePoint {name}" for name in self._bound() - self.bound]
        self.judge_secrecy(verdict)

    def _bound(self) -> set[str]:
        found = self.kasten.servers["east"].catalog.all("restorepoints")
        return {each["metadata"]["name"] for each in found}

    def _all_ours(self) -> set[str]:
        return {each["metadata"]["name"] for _, each in self._actions("east")}


class KastenRestoreElsewhere(KastenBackup):
    """The namespace is brought into another cluster: imported by its export, and restored."""

    name = "kasten elsewhere"

    def prepare(self) -> Sequence[str]:
        """Back up, and plan."""
        self.must(*super().prepare())
        command = self.plan("--cluster", "east", "--namespace", "shop", "--to", "west")
        self.forget()
        return command

    def untouched(self) -> bool:
        """Nothing of ours is in west."""
        return not self._actions("west") and not self._policies()

    def judge(self, run: Run, verdict: Verdict) -> None:
        """One import and one RestoreAction; the shop as it was; no policy with its secret left."""
        self.judge_actions(run, "west", verdict, runactions=1, restoreactions=1)
        imported = self.kasten.servers["west"].catalog.all("restorepointcontents")
        if len(imported) > 1:
            verdict.doubled.append(f"{len(imported)} contents were imported")
        self.judge_standing(run, "west", verdict)
        verdict.orphans += [f"policy {name} in west" for name in self._policies()]
        self.judge_secrecy(verdict)

    def _policies(self) -> list[str]:
        found = self.apis["west"].list("policies.config.kio.kasten.io")
        return [each["metadata"]["name"] for each in found]


SCENARIOS: tuple[type[Scenario], ...] = (
    KastenBackup,
    KastenRestoreInPlace,
    KastenRestoreElsewhere,
)
