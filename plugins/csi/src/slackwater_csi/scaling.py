"""Brings workloads to rest around an exchange of their volumes, and up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from slackwater.clusters import Object, Resource
from slackwater.model.operation import Operation, OperationRef, Phase, Progress
from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.acts import RestoreWork
from slackwater_csi.errors import gone_wrong
from slackwater_csi.objects import Metadata, Named
from slackwater_csi.resources import DEPLOYMENTS, SCALABLE, STATEFUL_SETS


class _Scale(msgspec.Struct, rename="camel"):
    replicas: int | None = None
    observed_generation: int | None = None


class Scalable(Named):
    """A workload with a number of replicas."""

    spec: _Scale = msgspec.field(default_factory=_Scale)
    status: _Scale = msgspec.field(default_factory=_Scale)

    @property
    def at_rest(self) -> bool:
        """Whether none of its pods is left."""
        return not self.spec.replicas and not self.status.replicas


def start_stop(here: Here, work: RestoreWork) -> str:
    """Scale the workloads to nothing, noting what they had; return the operation's handle."""
    for which in work.stopped:
        kind, name = kind_named(which)
        found = here.find(kind, name, Scalable, namespace=work.namespace)
        if found is None:
            raise gone_wrong(f"{which} in {work.namespace} is gone since the plan", here.name)
        if found.metadata.label(labels.SCALED) != work.request:
            _scale(here, kind, found.metadata, _noted(found, work.request), 0)
    return f"stop/{work.namespace}/{work.request}/{len(work.stopped)}"


def rest_operation(here: Here, ref: OperationRef, request: str, namespace: str) -> Operation:
    """Judge whether all that was scaled down for a request has come to rest."""
    found = [each for _, each in _scaled(here, namespace, request)]
    still = [each.name for each in found if not each.at_rest]
    done = len(found) - len(still)
    return Operation(
        ref=ref,
        phase=Phase.RUNNING if still else Phase.SUCCEEDED,
        tool_phase=f"{done} of {len(found)} at rest",
        progress=Progress(done=done, total=len(found), unit="workloads"),
        message=f"pods of {', '.join(still)} are still there" if still else "",
    )


def scale_up(here: Here, work: RestoreWork) -> list[str]:
    """Give back the replicas that workloads had; those that were never touched stay as they are."""
    raised = []
    for kind, found in _scaled(here, work.namespace, work.request):
        before = found.metadata.annotation(labels.REPLICAS)
        change: Object = {
            "labels": {labels.SCALED: None},
            "annotations": {labels.REPLICAS: None},
        }
        _scale(here, kind, found.metadata, change, int(before or 1))
        raised.append(f"{kind.plural}/{found.name}")
    return sorted(raised)


def kind_named(which: str) -> tuple[Resource, str]:
    """Take ``deployments/web`` apart."""
    plural, _, name = which.partition("/")
    return {kind.plural: kind for kind in SCALABLE}[plural], name


def users_of(claims: Sequence[str], here: Here, namespace: str) -> list[str]:
    """Return the workloads that use claims: ``deployments/web``, by what they say of their pods."""
    wanted = set(claims)
    found = []
    for kind in (DEPLOYMENTS, STATEFUL_SETS):
        for each in here.list(kind, dict[str, object], namespace=namespace):
            if wanted & set(_claims_of(each)):
                found.append(f"{kind.plural}/{_name(each)}")
    return sorted(found)


def _claims_of(content: Mapping[str, object]) -> Iterator[str]:
    spec = content["spec"]
    if not isinstance(spec, Mapping):
        return
    template = spec.get("template") or {}
    for volume in (template.get("spec") or {}).get("volumes") or ():
        claim = volume.get("persistentVolumeClaim") or {}
        if "claimName" in claim:
            yield claim["claimName"]
    for made in spec.get("volumeClaimTemplates") or ():
        for number in range(int(spec.get("replicas") or 0)):
            yield f"{made['metadata']['name']}-{_name(content)}-{number}"


def _name(content: Mapping[str, object]) -> str:
    metadata = content["metadata"]
    return str(metadata["name"]) if isinstance(metadata, Mapping) else ""


def _scaled(here: Here, namespace: str, request: str) -> Iterator[tuple[Resource, Scalable]]:
    for kind in SCALABLE:
        selector = f"{labels.SCALED}={request}"
        for each in here.list(kind, Scalable, namespace=namespace, selector=selector):
            yield kind, each


def _noted(found: Scalable, request: str) -> Object:
    before = 1 if found.spec.replicas is None else found.spec.replicas
    return {"labels": {labels.SCALED: request}, "annotations": {labels.REPLICAS: str(before)}}


def _scale(
    here: Here, kind: Resource, which: Metadata, metadata: Mapping[str, object], to: int
) -> None:
    change = {"metadata": metadata, "spec": {"replicas": to}}
    here.patch(kind, which.name, change, namespace=which.namespace)
