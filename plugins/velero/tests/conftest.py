"""What the plugin's tests share: recorded objects, and an emulated cluster with Velero."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from slackwater.backend import Context
from slackwater.clusters import Cluster
from slackwater.model.act import ActKind, Key
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater.testing.kubernetes_api.workloads import seed
from slackwater_velero.backend import VeleroBackend
from slackwater_velero.emulator import install
from slackwater_velero.locations import location_of
from slackwater_velero.objects import StorageLocation
from slackwater_velero.settings import VeleroSettings
from slackwater_velero.voice import Voice

from .real_fleet import Fleet
from .unhurried import Unhurried

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def recorded():
    """Read a recorded file: as bytes, or as one of the types that the plugin reads."""

    def read(name, into=None):
        content = (RECORDED / name).read_bytes()
        return content if into is None else msgspec.json.decode(content, type=into)

    return read


@pytest.fixture
def voice():
    return Voice("east", "velero")


@pytest.fixture
def location(recorded):
    return location_of(recorded("location.json", StorageLocation))


class Emulated:
    """An emulated cluster with Velero, stepped by hand, and a backend for it."""

    def __init__(self, api, server, velero, folder):
        self.api, self.server, self.velero = api, server, velero
        self._folder = folder

    def backend(self, *, token=None, **settings):
        kubeconfig = self._folder / f"kubeconfig-{token}"
        if not kubeconfig.exists():
            self.server.kubeconfig(kubeconfig, context="east", token=token)
        context = Context(
            cluster=Cluster("east", kubeconfig=kubeconfig, timeout=5),
            secret=lambda reference: reference,
            spool=self._folder / "spool",
            clock=lambda: datetime.now(UTC),
        )
        return VeleroBackend(VeleroSettings(**{"answer_within": 1.0, **settings}), context)

    def put(self, kind, name, spec, status=None, **metadata):
        """Put an object of Velero's as it stands, status included."""
        body = {
            "apiVersion": "velero.io/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "velero", **metadata},
            "spec": spec,
        }
        self.api.seed(body | ({"status": status} if status else {}))

    def define(self, kind, group, scope="Namespaced"):
        """Define a kind of custom resources."""
        plural = f"{kind.lower()}s"
        self.api.create(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{group}"},
                "spec": {
                    "group": group,
                    "scope": scope,
                    "names": {"plural": plural, "kind": kind, "singular": kind.lower()},
                    "versions": [{"name": "v1", "served": True, "storage": True}],
                },
            }
        )

    def drive(self, backend, plan):
        """Do the acts of a plan in order; return what came of each."""
        assert not any(finding.blocks for finding in plan.findings), plan.findings
        return {act.id: self._done(backend, act) for act in plan.acts}

    def _done(self, backend, act):
        key = Key(run="r", step=act.id)
        if act.kind is ActKind.PERFORMED:
            return backend.perform(act, key, Unhurried())
        ref = backend.start(act, key)
        for _ in range(20):
            self.velero.tick()
            operation = backend.get_operations([ref])[ref]
            if operation.phase.terminal:
                assert operation.phase.usable, operation
                return operation
        raise AssertionError(operation)


@pytest.fixture
def emulated(tmp_path):
    api = KubernetesApi("east")
    with serve(api) as server, install({"east": api}, pace=None) as velero:
        seed(api)
        yield Emulated(api, server, velero, tmp_path)


@pytest.fixture
def real(testbed, tmp_path):
    """East and west, real; what a test makes outside of its namespace is removed afterwards."""
    fleet = Fleet(testbed, tmp_path)
    yield fleet
    fleet.close()
