"""Pages of Velero's Backups as a kube-apiserver sends them, made from recorded objects.

``recorded/`` holds one Backup (made by a Schedule) and one BackupStorageLocation, as the testbed's
kube-apiserver 1.36.3 and Velero 1.18.3 had them. Names, uids, labels and times are varied.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

Object = dict[str, Any]

USUAL_PAGE = 500
"""Objects on a page: what kubectl asks for, and our clients too."""
FIRST = datetime(2026, 1, 5, tzinfo=UTC)
SCHEDULES = ("gold-shop", "gold-bank", "silver-forum", "silver-wiki")
_RECORDED = Path(__file__).parent / "recorded"
_CLUSTER = "@@@"
_GROUP_VERSION = "velero.io/v1"


def cluster_name(number: int) -> str:
    """Return the name of a cluster of the fleet."""
    return f"cluster-{number:03}"


class Pages:
    """The lists of one fleet; every cluster has ``backups`` Backups of its own.

    What differs between clusters is written into finished pages, so a page costs next to nothing.
    """

    def __init__(self, backups: int) -> None:
        self._backups = backups

    @cache  # noqa: B019  lives as long as its server
    def backups(self, cluster: int, limit: int, start: int) -> bytes:
        """Return the page of up to ``limit`` Backups from ``start`` on; 0 is no limit."""
        end = min(start + (limit or self._backups), self._backups)
        return _of_cluster(self._template(start, end), cluster)

    @cache  # noqa: B019  as above
    def locations(self, cluster: int) -> bytes:
        """Return the one page with the one BackupStorageLocation."""
        found = _recorded("location.json")
        found["metadata"]["uid"] = f"00000{_CLUSTER}-0000-4000-9000-000000000000"
        found["spec"]["objectStorage"]["prefix"] = f"cluster-{_CLUSTER}"
        return _of_cluster(_list("BackupStorageLocationList", [found], {}), cluster)

    @cache  # noqa: B019  as above
    def _template(self, start: int, end: int) -> bytes:
        left = self._backups - end
        more = {"continue": str(end), "remainingItemCount": left} if left else {"continue": ""}
        return _list("BackupList", [_backup(number) for number in range(start, end)], more)


def _of_cluster(template: bytes, cluster: int) -> bytes:
    return template.replace(_CLUSTER.encode(), f"{cluster:03}".encode())


def _list(kind: str, items: list[Object], more: Object) -> bytes:
    """Keys in the order, and without the spaces, that the server writes custom resources in."""
    metadata = {**more, "resourceVersion": "447"}
    content = {"apiVersion": _GROUP_VERSION, "items": items, "kind": kind, "metadata": metadata}
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


@cache
def _recorded_text(name: str) -> str:
    return (_RECORDED / name).read_text()


def _recorded(name: str) -> Object:
    content: Object = json.loads(_recorded_text(name))
    return content


def _backup(number: int) -> Object:
    """One an hour; every second one made by us, every fiftieth with errors."""
    made = _recorded("backup.json")
    begin = FIRST + timedelta(hours=number)
    schedule = SCHEDULES[number // 2 % len(SCHEDULES)]
    _date(made, begin)
    _name(made, schedule, begin, number)
    if number % 2:
        _stamp(made, schedule, number)
    if number % 50 == 49:
        made["status"] |= {"phase": "PartiallyFailed", "errors": 2, "warnings": 1}
    return made


def _name(made: Object, schedule: str, begin: datetime, number: int) -> None:
    metadata = made["metadata"]
    metadata["name"] = f"{schedule}-{begin:%Y%m%d%H%M%S}"
    metadata["uid"] = f"00000{_CLUSTER}-0000-4000-8000-{number:012}"
    metadata["labels"] |= {"team": schedule, "velero.io/schedule-name": schedule}
    made["spec"]["includedNamespaces"] = [schedule.partition("-")[2]]


def _date(made: Object, begin: datetime) -> None:
    end = begin + timedelta(minutes=3)
    made["metadata"]["creationTimestamp"] = _written(begin)
    made["metadata"]["managedFields"][0]["time"] = _written(end)
    made["status"] |= {
        "startTimestamp": _written(begin),
        "completionTimestamp": _written(end),
        "expiration": _written(begin + timedelta(days=30)),
    }


def _stamp(made: Object, policy: str, number: int) -> None:
    """What our plugin writes, instead of what a Schedule does."""
    del made["metadata"]["labels"]["velero.io/schedule-name"]
    annotations = made["metadata"]["annotations"]
    del annotations["kubectl.kubernetes.io/last-applied-configuration"]
    annotations |= {
        "slackwater.dev/cluster": f"cluster-{_CLUSTER}",
        "slackwater.dev/cluster-uid": f"00000{_CLUSTER}-0000-4000-a000-000000000000",
        "slackwater.dev/policy": policy,
        "slackwater.dev/run": f"20260105-{number:06}",
        "slackwater.dev/key": f"20260105-{number:06}/backup/1",
        "slackwater.dev/intent": f"{number:064x}",
    }
    made["metadata"]["annotations"] = dict(sorted(annotations.items()))


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def resources() -> bytes:
    """Return what the server says of the group: enough for kubectl to find Backups."""
    verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
    kinds = {"backups": "Backup", "backupstoragelocations": "BackupStorageLocation"}
    listed = [
        {"name": name, "singularName": "", "namespaced": True, "kind": kind, "verbs": verbs}
        for name, kind in kinds.items()
    ]
    return _compact("APIResourceList", groupVersion=_GROUP_VERSION, resources=listed)


def groups() -> bytes:
    """Return the list of API groups: only Velero's."""
    version = {"groupVersion": _GROUP_VERSION, "version": "v1"}
    group = {"name": "velero.io", "versions": [version], "preferredVersion": version}
    return _compact("APIGroupList", groups=[group])


def versions() -> bytes:
    """Return the versions of the core API: none, for nothing of it is asked."""
    return _compact("APIVersions", versions=[], serverAddressByClientCIDRs=[])


def _compact(kind: str, **content: object) -> bytes:
    return json.dumps({"kind": kind, "apiVersion": "v1", **content}).encode()
