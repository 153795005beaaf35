"""What the plugin's tests share: recorded objects, and an emulated cluster with Velero."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from slackwater.backend import Context
from slackwater.clusters import Cluster
from slackwater.testing.kubernetes_api import KubernetesApi, serve
from slackwater_velero.backend import VeleroBackend
from slackwater_velero.emulator import install
from slackwater_velero.emulator.seeding import seed
from slackwater_velero.locations import location_of
from slackwater_velero.objects import StorageLocation
from slackwater_velero.settings import VeleroSettings
from slackwater_velero.voice import Voice

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


@pytest.fixture
def emulated(tmp_path):
    api = KubernetesApi("east")
    with serve(api) as server, install({"east": api}, pace=None) as velero:
        seed(api)
        yield Emulated(api, server, velero, tmp_path)
