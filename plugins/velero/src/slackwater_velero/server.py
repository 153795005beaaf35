"""The Velero server of a cluster: its version, whether it answers, and how it is set up."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from slackwater.backend.polling import answered
from slackwater.errors import BackendError, ObjectExists, PermissionDenied
from slackwater_velero.access import Velero
from slackwater_velero.objects import Named, ServerStatus, StatusRequest
from slackwater_velero.resources import DAEMON_SETS, DEPLOYMENTS, STATUS_REQUESTS, manifest

DEVELOPED_ON = "v1.18.3"
"""The version on which every promise was tested."""

SERVER = "velero"
NODE_AGENT = "node-agent"
_VERSION = re.compile(r":(?P<version>v\d+\.\d+\.\d+[\w.+-]*)")


class _Container(msgspec.Struct):
    image: str = ""
    args: list[str] | None = None


class _PodSpec(msgspec.Struct):
    containers: list[_Container] = msgspec.field(default_factory=list)


class _Template(msgspec.Struct):
    spec: _PodSpec = msgspec.field(default_factory=_PodSpec)


class _DeploymentSpec(msgspec.Struct):
    template: _Template = msgspec.field(default_factory=_Template)


class _Deployment(msgspec.Struct):
    spec: _DeploymentSpec = msgspec.field(default_factory=_DeploymentSpec)


@dataclass(frozen=True)
class Setup:
    """How Velero was installed, as its Deployment tells; empty where we may not read it."""

    image_version: str = ""
    arguments: tuple[str, ...] = ()
    node_agent: bool = False

    def flag(self, name: str) -> str | None:
        """Return the value of a flag of the server; "true" for one that stands alone."""
        for number, argument in enumerate(self.arguments):
            word, equals, value = argument.partition("=")
            if word != f"--{name}":
                continue
            if equals:
                return value
            following = self.arguments[number + 1 : number + 2]
            return following[0] if following and not following[0].startswith("-") else "true"
        return None

    @property
    def concurrent_backups(self) -> int:
        """How many backups run at once: a flag of 1.18; one, unless it says otherwise."""
        value = self.flag("concurrent-backups") or "1"
        return max(int(value), 1) if value.isdecimal() else 1

    @property
    def csi(self) -> bool:
        """Whether CSI snapshots are switched on."""
        return "EnableCSI" in (self.flag("features") or "").split(",")


def read_setup(velero: Velero) -> Setup:
    """Return how Velero is set up. Two requests; a right that is missing is no error here."""
    with suppress(PermissionDenied):
        deployment = velero.find(DEPLOYMENTS, SERVER, _Deployment)
        containers = deployment.spec.template.spec.containers if deployment else []
        found = _VERSION.search(containers[0].image) if containers else None
        return Setup(
            image_version=found["version"] if found else "",
            arguments=tuple(containers[0].args or ()) if containers else (),
            node_agent=_has_node_agent(velero),
        )
    return Setup()


def _has_node_agent(velero: Velero) -> bool:
    with suppress(PermissionDenied):
        return velero.find(DAEMON_SETS, NODE_AGENT, Named) is not None
    return False


def ask_server(velero: Velero, within: float) -> ServerStatus | None:
    """Return what the server answers to a ServerStatusRequest; None if it does not, in seconds."""
    name = f"slackwater-{uuid.uuid4().hex[:12]}"
    with suppress(ObjectExists):
        velero.create(STATUS_REQUESTS, manifest(STATUS_REQUESTS, name, velero.namespace, spec={}))
    answers: list[ServerStatus] = []

    def ask() -> bool:
        read = velero.find(STATUS_REQUESTS, name, StatusRequest)
        if read and read.status and read.status.phase == "Processed":
            answers.append(read.status)
        return bool(answers)

    try:
        answered(ask, within=within)
    finally:
        with suppress(BackendError):
            velero.delete(STATUS_REQUESTS, name)
    return answers[0] if answers else None
