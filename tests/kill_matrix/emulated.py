"""The scenarios over emulated Velero and etcd's stand-in programs; and all that are emulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slackwater.model.run import Run
from slackwater_etcdctl.emulator.api import configmap, serve_api

from . import csi_side, kasten_side
from .etcd_side import CANARY, EtcdSide
from .scenario import Emulated, Scenario, green
from .store_checks import manifests
from .velero_side import VeleroSide
from .verdict import Verdict


class VeleroBackup(Emulated):
    """A namespace with a volume is backed up."""

    name = "velero backup"

    def prepare(self) -> Sequence[str]:
        """Serve the clusters."""
        self.side = VeleroSide(self.folder, self.stack)
        self.write_fleet(clusters=self.side.clusters())
        return ("backup", "--cluster", "east", "--namespace", "shop")

    def untouched(self) -> bool:
        """No Backup of ours is there."""
        return not self.side.of_run("backups", "east")

    def judge(self, run: Run, verdict: Verdict) -> None:
        """See ``VeleroSide``."""
        self.side.judge_backup(run, verdict)


class VeleroRestore(VeleroBackup):
    """The namespace is restored into a cluster that does not know the store yet."""

    name = "velero restore"

    def prepare(self) -> Sequence[str]:
        """Back up, and plan."""
        self.must(*super().prepare())
        command = self.plan("--cluster", "east", "--namespace", "shop", "--to", "west")
        self.forget()
        return command

    def untouched(self) -> bool:
        """No Restore of ours is there."""
        return not self.side.of_run("restores", "west")

    def judge(self, run: Run, verdict: Verdict) -> None:
        """See ``VeleroSide``."""
        self.side.judge_restore(run, verdict)


class EtcdBackup(Emulated):
    """A control plane is backed up; its API server answers."""

    name = "etcd backup"

    def prepare(self) -> Sequence[str]:
        """Make the members, and an API server over them."""
        self.side = EtcdSide(self.folder, uid="uid-of-home")
        self.stack.enter_context(serve_api(self.side.world, self.folder / "kubeconfig"))
        entry = {"kubeconfig": "file:kubeconfig", "backends": {"etcdctl": self.side.settings()}}
        self.write_fleet(stores=self.side.stores(), clusters={"home": entry})
        return ("backup", "--control-plane", "home")

    def untouched(self) -> bool:
        """Nothing is in the store."""
        return not manifests(self.side.store)

    def judge(self, run: Run, verdict: Verdict) -> None:
        """See ``EtcdSide``."""
        self.side.judge_backup(run, verdict)


class EtcdRestore(EtcdBackup):
    """The control plane is turned back, by commands about its hosts."""

    name = "etcd restore"

    def prepare(self) -> Sequence[str]:
        """Back up, change, and plan."""
        self.must(*super().prepare())
        world = self.side.world
        self.then = world.values()
        world.put(dict([configmap("shop", f"{CANARY}-since")]))
        world.remove("/registry/namespaces/shop")
        self.before = {name: self.side.database(name) for name in world.names}
        command = self.plan("--control-plane", "home")
        self.forget()
        return command

    def untouched(self) -> bool:
        """Every member holds what it held."""
        return all(self.side.database(name) == held for name, held in self.before.items())

    def judge(self, run: Run, verdict: Verdict) -> None:
        """See ``EtcdSide``."""
        self.side.judge_restore(run, self.before, self.then, verdict)


class MarkOverBoth(Emulated):
    """A namespace and the control plane of its cluster are backed up together, for one moment."""

    name = "mark over both"

    def prepare(self) -> Sequence[str]:
        """Give east an etcd."""
        self.velero = VeleroSide(self.folder, self.stack)
        kube_system = self.velero.apis["east"].get("namespaces", "kube-system")
        self.etcd = EtcdSide(self.folder, uid=kube_system["metadata"]["uid"], members=1)
        clusters = self.velero.clusters()
        clusters["east"]["backends"]["etcdctl"] = self.etcd.settings()
        protect = [
            {"namespaces": "kubernetes.io/metadata.name=shop"},
            {"control-plane": "required"},
        ]
        gold = {"clusters": "", "protect": protect, "keep": {"last": 3}}
        self.write_fleet(stores=self.etcd.stores(), clusters=clusters, policies={"gold": gold})
        return ("backup", "gold", "--cluster", "east", "--mark", "friday")

    def untouched(self) -> bool:
        """Neither tool was asked."""
        return not self.velero.of_run("backups", "east") and not manifests(self.etcd.store)

    def judge(self, run: Run, verdict: Verdict) -> None:
        """Both points, and a mark that is whole in the ledger and on each of them."""
        self.velero.judge_backup(run, verdict)
        self.etcd.judge_backup(run, verdict)
        marks = self.marks()
        if len(marks) > 1:
            verdict.doubled.append(f"{len(marks)} marks")
        if green(run) and not (marks and marks[0].complete and len(marks[0].parts) == 2):
            verdict.false_green.append(f"the mark is {marks}")
        stamps = [*self._stamped_backups(run), *self._stamped_snapshots()]
        if green(run) and (set(stamps) != {("friday", f"{marks[0].spread:.3f}")}):
            verdict.false_green.append(f"the points are stamped {stamps}")

    def _stamped_backups(self, run: Run) -> Iterator[tuple[str, str]]:
        for made in self.velero.of_run("backups", "east", run.id):
            said = made["metadata"]["annotations"]
            yield str(said.get("slackwater.dev/mark")), str(said.get("slackwater.dev/spread"))

    def _stamped_snapshots(self) -> Iterator[tuple[str, str]]:
        for manifest in manifests(self.etcd.store):
            stamp = manifest["facts"]["stamp"]
            yield str(stamp["mark"]), f"{stamp['spread'] or 0:.3f}"


SCENARIOS: tuple[type[Scenario], ...] = (
    VeleroBackup,
    VeleroRestore,
    EtcdBackup,
    EtcdRestore,
    MarkOverBoth,
    *kasten_side.SCENARIOS,
    *csi_side.SCENARIOS,
)
