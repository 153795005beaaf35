"""What the tests on real clusters share: a backend for each, and the acts of a plan done."""

from __future__ import annotations

import time
import uuid

import yaml

from slackwater.clusters import Cluster
from slackwater.model.act import ActKind, Key
from slackwater_velero.objects import Backup
from slackwater_velero.recipe import build
from slackwater_velero.resources import BACKUPS

from .unhurried import Unhurried

SHOWN = "of-east"


class Fleet:
    """East writes its store, west shows it."""

    def __init__(self, testbed, folder):
        self.testbed = testbed
        self.tag = uuid.uuid4().hex[:6]
        self.ways = {each.name: Cluster(each.name, kubeconfig=each.kubeconfig) for each in testbed}
        self._tools = {each.name: self._build(each, folder) for each in testbed}
        self._made = []

    def _build(self, cluster, folder):
        patient = {"spool": str(folder / "spool"), "answer_within": "10"}
        return build(cluster.name, str(cluster.kubeconfig), 10.0, volumes="auto", **patient)

    def __getitem__(self, cluster):
        return self._tools[cluster]

    def apply(self, cluster, *things):
        """Make objects; those that lie in no namespace are removed at the end.

        Kinds stay, with what is of them: Velero would stumble over one that is gone.
        """
        self.testbed[cluster].apply(yaml.safe_dump_all(things))
        for each in things:
            own = self.tag in each["apiVersion"] or each["kind"] == "CustomResourceDefinition"
            if "namespace" not in each["metadata"] and not own:
                self._made.append(each)

    def back_up(self, name, **spec):
        """Have Velero in east make a backup, as anybody might; return its name."""
        name = f"{name}-{self.tag}"
        metadata = {"name": name, "namespace": "velero"}
        body = {"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": metadata, "spec": spec}
        self.apply("east", body)
        self.testbed["east"].velero.wait_for_phase("backup", name, "Completed")
        return name

    def show_in_west(self):
        """Have west see everything that is in the store of east now."""
        west = self.testbed["west"].velero
        if self.testbed["west"].get("backupstoragelocation", SHOWN, "velero") is None:
            west.add_location(SHOWN, prefix="east")
        west.wait_available(SHOWN)
        ended = {"Completed", "PartiallyFailed"}
        wanted = {each.metadata.name for each in self._backups("east") if each.state.phase in ended}
        west.sync(SHOWN)
        deadline = time.monotonic() + 60
        while not wanted <= {each.metadata.name for each in self._backups("west")}:
            assert time.monotonic() < deadline, "west never found the backups of east"
            time.sleep(0.2)

    def _backups(self, cluster):
        return self.ways[cluster].list(BACKUPS.path(namespace="velero"), into=Backup)

    def learn_kinds(self):
        """Velero reads the list of kinds when it starts, and then every five minutes."""
        self.testbed["east"].velero.kill()
        self.testbed["east"].velero.start()
        self.testbed["east"].velero.wait_available()

    def drive(self, cluster, plan):
        """Do the acts of a plan in order; return what came of each."""
        assert not any(finding.blocks for finding in plan.findings), plan.findings
        return {act.id: self._done(self[cluster], act) for act in plan.acts}

    def _done(self, backend, act):
        key = Key(run=f"r{self.tag}", step=act.id)
        if act.kind is ActKind.PERFORMED:
            return backend.perform(act, key, Unhurried())
        ref = backend.start(act, key)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            operation = backend.get_operations([ref])[ref]
            if operation.phase.terminal:
                assert operation.phase.usable, operation
                return operation
            time.sleep(0.2)
        raise AssertionError(operation)

    def close(self):
        for cluster in self.testbed:
            for each in self._made:
                kind = each["kind"].lower()
                name = each["metadata"]["name"]
                cluster.kubectl("delete", kind, name, "--ignore-not-found", "--wait=false")
        west = self.testbed["west"]
        west.kubectl("delete", "bsl", SHOWN, "-n", "velero", "--ignore-not-found")
        shown = f"velero.io/storage-location={SHOWN}"
        west.kubectl("delete", "backups.velero.io", "-n", "velero", "-l", shown)
        for way in self.ways.values():
            way.close()
