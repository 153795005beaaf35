"""Restore plans: ordered steps with findings, made before anything is touched."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from slackwater.model.finding import Finding, why_blocked, worst
from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import RestoreMapping
from slackwater.model.step import Step
from slackwater.model.workload import Workload, WorkloadKind

PLAN_VERSION = 1


class Pin(Frozen):
    """Which cluster is meant by a name: names and kubeconfig contexts move, these do not.

    ``ca_hash`` is the SHA-256 of the API server's CA, ``uid`` that of the namespace kube-system.
    ``control_plane`` tells who the store of the control plane is, where a plan turns one back and
    it could be asked: what is compared while the API server is down. ``seen`` is False where the
    API server did not answer when the plan was made, so that ``uid`` is what the recovery point
    says and ``ca_hash`` is empty.
    """

    cluster: str
    url: str
    ca_hash: str
    uid: str
    control_plane: str = ""
    seen: bool = True


class Choice(Frozen):
    """The recovery point chosen for one workload.

    ``loses`` is the moment minus the point's begin. ``gaps`` say what the point does not hold.
    ``target`` names cluster and namespace where it goes. ``covered`` is set for what comes back
    with the control plane of its cluster and has no steps of its own: ``point`` is that of the
    control plane.
    """

    workload: Workload
    target: Workload
    point: RecoveryPoint
    loses: timedelta
    gaps: tuple[str, ...] = ()
    covered: bool = False


class Standing(Frozen):
    """What stood at a place of the target when the plan was made.

    ``place`` is ``cluster/namespace``; ``uid`` is the namespace's, empty where there was none;
    ``digest`` stands for the list of objects, which may be long.
    """

    place: str
    uid: str = ""
    objects: int = 0
    digest: str = ""


class RestorePlan(Frozen):
    """Everything a restore will do, and nothing else may it do.

    ``digest`` stands for the whole plan: consent is given to a digest. ``zone`` is the IANA name
    of the zone in which the moment was meant.
    """

    version: int = PLAN_VERSION
    made_at: datetime
    moment: datetime
    zone: str
    mark: str = ""
    spread: float | None = None
    policy: str = ""
    mapping: RestoreMapping = RestoreMapping()
    replace: bool = False
    pins: tuple[Pin, ...] = ()
    standing: tuple[Standing, ...] = ()
    choices: tuple[Choice, ...] = ()
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits in two groups, over all of the plan."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        digits = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{digits[:4]}-{digits[4:]}"

    @property
    def blocked(self) -> bool:
        """Whether a finding forbids to run it."""
        severity = worst(self.findings)
        return severity is not None and severity.rank == 2

    @property
    def why_blocked(self) -> str:
        """The findings that forbid to run it, a line each."""
        return why_blocked(self.findings)

    @property
    def turned_back(self) -> tuple[Choice, ...]:
        """The choices by which a whole cluster is turned back."""
        return tuple(c for c in self.choices if c.workload.kind is WorkloadKind.CONTROL_PLANE)

    def pin(self, cluster: str) -> Pin | None:
        """Return the pin of a target cluster."""
        return next((pin for pin in self.pins if pin.cluster == cluster), None)
