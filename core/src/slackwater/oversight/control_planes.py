"""Whether the control planes that policies protect can be brought back, and from how long ago."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from slackwater.catalogue.covering import Covering
from slackwater.fleet import FleetFile
from slackwater.model.finding import Finding, Severity
from slackwater.model.policy import Demand, Policy
from slackwater.model.recovery_point import RecoveryPoint, shortfalls
from slackwater.model.wording import in_words
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning.choosing import MOST_READ, Reader


@dataclass(frozen=True)
class ControlPlanes:
    """The recovery points of control planes, against what policies ask of them."""

    fleet: FleetFile
    points: Covering
    read: Reader
    now: datetime

    def review(self, cluster: str) -> Iterator[Finding]:
        """Yield how old the newest verified point is, or that there is none, where it matters."""
        labels = self.fleet.clusters[cluster].labels
        policies = [
            p for p in self.fleet.policies.values() if p.control_plane and p.selects(labels)
        ]
        if policies:
            yield self._judge(cluster, policies)

    def _judge(self, cluster: str, policies: Sequence[Policy]) -> Finding:
        newest = self._newest(Workload(cluster=cluster, kind=WorkloadKind.CONTROL_PLANE))
        if newest is None or newest.begin is None:
            required = any(policy.control_plane is Demand.REQUIRED for policy in policies)
            severity = Severity.ERROR if required else Severity.WARNING
            names = ", ".join(policy.name for policy in policies)
            said = f"in no verified recovery point, though {names} protects it"
            return _finding(severity, "control-plane-unprotected", cluster, said)
        age = self.now - newest.begin
        bounds = [p.objectives.rpo for p in policies if p.objectives.rpo is not None]
        said = f"{newest.name} is {in_words(age)} old, verified"
        if bounds and age > min(bounds):
            said += f"; {in_words(min(bounds))} are allowed"
            found = _finding(Severity.ERROR, "control-plane-too-old", cluster, said)
        else:
            found = _finding(Severity.INFO, "control-plane-age", cluster, said)
        return found.model_copy(update={"tool": newest.id.tool})

    def _newest(self, workload: Workload) -> RecoveryPoint | None:
        """Look into the newest points, until one was verified."""
        looked_into = (self.read(p) for p in islice(self.points.of(workload), MOST_READ))
        return next((p for p in looked_into if not shortfalls(p, workload, ())), None)


def _finding(severity: Severity, code: str, cluster: str, message: str) -> Finding:
    now = f"back it up now: slackwater backup --control-plane {cluster}"
    return Finding(
        severity=severity,
        code=code,
        subject="control plane",
        message=message,
        way_out=now if severity.rank else "",
        cluster=cluster,
    )
