"""What a restore is asked to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from slackwater.model.moment import Moment
from slackwater.model.request import Existing, RestoreMapping
from slackwater.model.workload import Workload, WorkloadKind
from slackwater.planning.choosing import Wanted

DEFAULT_TOLERANCE = timedelta(minutes=15)


@dataclass(frozen=True)
class Wish:
    """What the user asks for.

    ``targets`` maps the origin cluster to where its workloads go; an origin not in it goes back
    where it came from, unless the key ``""`` names one cluster for all. A control plane always
    goes back where it came from. ``mapping.namespaces`` has keys ``shop`` or ``prod-eu/shop``,
    ``mapping.claims`` keys ``data``, ``shop/data`` or ``prod-eu/shop/data``.
    """

    moment: Moment
    wanted: tuple[Wanted, ...]
    targets: Mapping[str, str] = field(default_factory=dict)
    mapping: RestoreMapping = field(default_factory=RestoreMapping)
    policy: str = ""
    tolerance: timedelta = DEFAULT_TOLERANCE
    existing: Existing = Existing.KEEP
    replace: bool = False
    accept_partial: bool = False
    left_out: tuple[Workload, ...] = ()

    def target(self, workload: Workload) -> Workload:
        """Return where a workload goes: cluster and namespace."""
        if workload.kind is WorkloadKind.CONTROL_PLANE:
            return workload
        cluster = self.targets.get(workload.cluster) or self.targets.get("") or workload.cluster
        return workload.model_copy(
            update={"cluster": cluster, "namespace": self._namespace(workload)}
        )

    def mapping_for(self, workload: Workload) -> RestoreMapping:
        """Return the mapping of one workload: its own namespace and claims, classes and images."""
        if not workload.namespace:
            return RestoreMapping()
        there = self._namespace(workload)
        names = {workload.namespace: there} if there != workload.namespace else {}
        claims = dict(self._claims(workload))
        return self.mapping.model_copy(update={"namespaces": names, "claims": claims})

    def existing_for(self, workload: Workload) -> Existing:
        """Return what happens to what stands: nothing stands beside a control plane."""
        whole = workload.kind is WorkloadKind.CONTROL_PLANE
        return Existing.KEEP if whole else self.existing

    def split(self) -> tuple[tuple[Wanted, ...], tuple[Workload, ...]]:
        """Part what needs a recovery point of its own from what comes back with a control plane.

        That is all that goes back to its own place in a cluster whose control plane is wanted: the
        store of a control plane holds all objects of its cluster.
        """
        whole = WorkloadKind.CONTROL_PLANE
        turned = {w.workload.cluster for w in self.wanted if w.workload.kind is whole}
        covered = tuple(
            item.workload
            for item in self.wanted
            if item.workload.cluster in turned
            and item.workload.kind is not whole
            and self.target(item.workload) == item.workload
        )
        apart = tuple(item for item in self.wanted if item.workload not in covered)
        return apart, covered

    def _claims(self, workload: Workload) -> Iterator[tuple[str, str]]:
        """The claims of one namespace; who names it more closely comes last, and wins."""
        places = ("", workload.namespace, f"{workload.cluster}/{workload.namespace}")
        for place in places:
            for full, new in self.mapping.claims.items():
                where, _, claim = full.rpartition("/")
                if where == place:
                    yield claim, new

    def _namespace(self, workload: Workload) -> str:
        names = self.mapping.namespaces
        full = f"{workload.cluster}/{workload.namespace}"
        return names.get(full) or names.get(workload.namespace) or workload.namespace
