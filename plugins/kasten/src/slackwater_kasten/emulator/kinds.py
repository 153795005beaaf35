"""The kinds that the aggregated API serves, with their verbs: no update, no watch (documented)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

VERSION = "v1alpha1"
_ALL = ("create", "delete", "get", "list")
_MADE_BY_K10 = ("delete", "get", "list")


@dataclass(frozen=True)
class Kind:
    """One kind. ``details``: it has that subresource, by GET."""

    group: str
    kind: str
    plural: str
    namespaced: bool = True
    verbs: tuple[str, ...] = _ALL
    details: bool = False

    @property
    def api_version(self) -> str:
        """Group and version, as in objects."""
        return f"{self.group}/{VERSION}"

    @property
    def named(self) -> str:
        """As ``kubectl get`` names it in full."""
        return f"{self.plural}.{self.group}"


def _kinds() -> Iterator[Kind]:
    actions, apps = "actions.kio.kasten.io", "apps.kio.kasten.io"
    yield Kind(actions, "BackupAction", "backupactions", details=True)
    yield Kind(actions, "ExportAction", "exportactions", details=True)
    yield Kind(actions, "RestoreAction", "restoreactions", details=True)
    yield Kind(actions, "ImportAction", "importactions", verbs=_MADE_BY_K10, details=True)
    yield Kind(actions, "RunAction", "runactions")
    yield Kind(actions, "CancelAction", "cancelactions", verbs=("create",))
    yield Kind(
        actions, "RetireAction", "retireactions",
        namespaced=False, verbs=_MADE_BY_K10, details=True,
    )  # fmt: skip
    yield Kind(apps, "RestorePoint", "restorepoints", details=True)
    yield Kind(
        apps, "RestorePointContent", "restorepointcontents",
        namespaced=False, verbs=_MADE_BY_K10, details=True,
    )  # fmt: skip


KINDS = {each.plural: each for each in _kinds()}
GROUPS = tuple(dict.fromkeys(each.group for each in KINDS.values()))


def find_kind(group: str, version: str, plural: str) -> Kind | None:
    """Return the kind under a path, if it is served."""
    kind = KINDS.get(plural)
    return kind if kind and (kind.group, version) == (group, VERSION) else None


def group_document(group: str) -> dict[str, object]:
    """Return what discovery says of a group."""
    version = {"groupVersion": f"{group}/{VERSION}", "version": VERSION}
    return {"name": group, "versions": [version], "preferredVersion": version}


def resources_document(group: str) -> dict[str, object]:
    """Return what discovery says of the kinds of a group."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{VERSION}",
        "resources": list(entries(group)),
    }


def entries(group: str) -> Iterator[dict[str, object]]:
    """Yield the entries of discovery for the kinds of a group."""
    for kind in KINDS.values():
        if kind.group == group:
            yield from _entries(kind)


def _entries(kind: Kind) -> Iterator[dict[str, object]]:
    entry: dict[str, object] = {
        "name": kind.plural,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    yield entry
    if kind.details:
        yield {**entry, "name": f"{kind.plural}/details", "singularName": "", "verbs": ["get"]}
