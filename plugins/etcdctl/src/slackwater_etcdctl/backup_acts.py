"""Plans a backup: one act, performed by us."""

from __future__ import annotations

from collections.abc import Iterator

from slackwater.errors import Unsupported
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.finding import Finding
from slackwater.model.request import BackupRequest
from slackwater.model.workload import WorkloadKind
from slackwater_etcdctl.acts import Do
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.naming import backup_stem
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.voice import Voice


def plan_backup(request: BackupRequest, site: Site) -> ActPlan:
    """Return the act. Raises ``Unsupported`` for anything but a control plane."""
    settings, voice = site.settings, site.voice
    workload = request.workload
    if workload.kind is not WorkloadKind.CONTROL_PLANE:
        raise Unsupported(
            f"{workload}: an etcd snapshot is of a whole control plane, not of a {workload.kind}",
            backend=TOOL,
            cluster=workload.cluster,
            hint="protect it with a tool that reads objects through the API",
        )
    findings = tuple(_findings(settings, voice))
    if findings:
        return ActPlan(findings=findings)
    stem = backup_stem(voice.cluster, request.due)
    act = Act(
        id="backup",
        kind=ActKind.PERFORMED,
        title=f"save a snapshot of the etcd of {workload.cluster}",
        effects=(
            f"adds {stem}-… to the store {settings.store} ({site.store().identity}), encrypted",
            "reads the whole database of one member; changes nothing in etcd",
        ),
        without_api=True,
        undo="delete the recovery point",
        payload={
            "do": Do.BACKUP,
            "stem": stem,
            "stamp": request.stamp.model_dump(mode="json"),
        },
    )
    return ActPlan(acts=(act,))


def _findings(settings: EtcdctlSettings, voice: Voice) -> Iterator[Finding]:
    if not settings.endpoints:
        yield voice.error(
            "no-endpoints",
            voice.cluster,
            "no endpoint of etcd is named",
            "name the client addresses of its members under endpoints",
        )
    if not settings.store:
        yield voice.error(
            "no-store",
            voice.cluster,
            "no store for snapshots is named",
            "add one under stores in the fleet file, and name it under etcdctl: store",
        )
