"""Makes claims of snapshots, and judges how far they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from slackwater.model.act import Act, Key
from slackwater.model.operation import Operation, OperationRef, Phase, Progress
from slackwater_csi import labels
from slackwater_csi.acts import RestoreWork
from slackwater_csi.errors import gone_wrong
from slackwater_csi.facts import VolumeFacts
from slackwater_csi.manifests import read_manifests
from slackwater_csi.objects import Claim, Named, Snapshot
from slackwater_csi.reading import of_request
from slackwater_csi.resources import CLAIMS, GROUP
from slackwater_csi.site import Site
from slackwater_csi.starting import create_once, made_under, marks
from slackwater_csi.states import began, overdue
from slackwater_csi.stripping import stripped
from slackwater_csi.voice import Voice


def start_claims(site: Site, act: Act, work: RestoreWork, key: Key) -> str:
    """Create the claims; those that stand already are kept. Return the operation's handle."""
    here = site.here
    made_under(here, CLAIMS, act, key)
    standing = {each.name: each for each in here.list(CLAIMS, Named, namespace=work.namespace)}
    coming = [v for v in work.volumes if not _kept(standing.get(work.name_of(v.claim)), key)]
    bodies = dict(_manifests(site, work)) if coming else {}
    shown = shown_by_claim(site, work, key)
    made = marks(act, key, work.request)
    for facts in coming:
        if facts.claim not in bodies or facts.claim not in shown:
            raise gone_wrong(f"{facts.claim} of {work.point} is shown nowhere", site.cluster)
        body = _claim(work, made, facts, bodies[facts.claim], shown[facts.claim].name)
        create_once(here, CLAIMS, body, act, key)
    return f"claims/{work.namespace}/{key.digest}/{len(coming)}"


def shown_by_claim(site: Site, work: RestoreWork, key: Key) -> dict[str, Snapshot]:
    """Return the snapshots that this run shows, the newest for each claim."""
    found = of_request(site.here, work.request, key)
    oldest_first = sorted(found, key=lambda each: str(each.metadata.creation_timestamp))
    return {each.claim: each for each in oldest_first}


def claims_operation(
    ref: OperationRef,
    expected: int,
    found: Sequence[Claim],
    *,
    waits: set[str],
    now: datetime,
    cluster: str,
) -> Operation:
    """Judge claims: bound, or of a class (``waits``) that binds when a pod first uses them."""
    unused = [c for c in found if not c.bound and (c.spec.storage_class_name or "") in waits]
    done = [claim for claim in found if claim.bound]
    lost = [claim.name for claim in found if claim.status.phase == "Lost"]
    open_ = [c.name for c in found if c not in done and c not in unused]
    phase, message = Phase.RUNNING, f"waits for volumes for {', '.join(sorted(open_))}"
    if lost or len(found) < expected:
        what = f"{', '.join(lost)} lost" if lost else f"{expected - len(found)} claims are gone"
        phase, message = Phase.FAILED, what
    elif not open_:
        phase, message = Phase.SUCCEEDED, ""
    late = not phase.terminal and overdue([each.metadata for each in found], now)
    if late:
        phase, message = Phase.FAILED, f"not bound in time: {message}"
    return Operation(
        ref=ref,
        phase=phase,
        tool_phase=f"{len(done)} of {expected} bound",
        progress=Progress(done=len(done), total=expected, unit="claims"),
        message=message,
        findings=tuple(
            Voice(cluster).warning(
                "bound-when-used",
                f"{c.metadata.namespace}/{c.name}",
                f"{c.name} gets its volume when a pod first uses it (class "
                f"{c.spec.storage_class_name}); its snapshot stays until then",
                f"kubectl -n {c.metadata.namespace} get volumesnapshots -l {labels.REQUEST}",
            )
            for c in unused
        ),
        began=began([each.metadata for each in found]),
    )


def _kept(standing: Named | None, key: Key) -> bool:
    return standing is not None and standing.metadata.label(labels.KEY) != key.digest


def _manifests(site: Site, work: RestoreWork) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if work.known:
        yield from work.known.items()
        return
    for kind, content in read_manifests(site, work.point):
        if kind == CLAIMS:
            yield content["metadata"]["name"], stripped(CLAIMS, content)


def _claim(
    work: RestoreWork,
    made: Mapping[str, str],
    facts: VolumeFacts,
    body: Mapping[str, Any],
    shown: str,
) -> dict[str, object]:
    metadata, spec = body.get("metadata") or {}, body.get("spec") or {}
    # A snapshot may be of a volume that had grown: less than it needs would stay Pending for ever.
    size = str(max(facts.requested, facts.size or 0))
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": work.name_of(facts.claim),
            "namespace": work.namespace,
            "labels": {**(metadata.get("labels") or {}), **made},
            "annotations": {
                **(metadata.get("annotations") or {}),
                labels.WITHIN: f"{work.within:g}",
            },
        },
        "spec": {
            **spec,
            "storageClassName": work.classes.get(facts.claim, facts.storage_class),
            "resources": {"requests": {"storage": size}},
            "dataSource": {"apiGroup": GROUP, "kind": "VolumeSnapshot", "name": shown},
        },
    }
