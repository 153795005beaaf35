"""What a server says of itself: groups, versions, resources."""

from __future__ import annotations

from slackwater.testing.kubernetes_api.access import REVIEW_GROUP, REVIEW_KINDS
from slackwater.testing.kubernetes_api.kinds import Kinds, Resource
from slackwater.testing.kubernetes_api.status import Object

VERSION: Object = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3",
    "gitCommit": "unknown",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "go1.26",
    "compiler": "gc",
    "platform": "linux/amd64",
}


def discover(kinds: Kinds, path: str) -> Object | None:
    """Return the document under a discovery path, or nothing where there is none."""
    match path.strip("/").split("/"):
        case ["version"]:
            found: Object | None = VERSION
        case ["api"]:
            found = {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["api", "v1"]:
            found = _resources(kinds, "", "v1")
        case ["apis"]:
            groups = [_group(name, versions) for name, versions in _groups(kinds).items()]
            found = {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["apis", group] if group in _groups(kinds):
            head = {"kind": "APIGroup", "apiVersion": "v1"}
            found = head | _group(group, _groups(kinds)[group])
        case ["apis", group, version] if version in _groups(kinds).get(group, ()):
            found = _resources(kinds, group, version)
        case _:
            found = None
    return found


def _groups(kinds: Kinds) -> dict[str, list[str]]:
    named = {group: versions for group, versions in kinds.versions().items() if group}
    return named | {REVIEW_GROUP: ["v1"]}


def _group(name: str, versions: list[str]) -> Object:
    told = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": told, "preferredVersion": told[0]}


def _resources(kinds: Kinds, group: str, version: str) -> Object:
    told = [entry for each in kinds.in_version(group, version) for entry in _entries(each)]
    if group == REVIEW_GROUP:
        told = [_review(plural, kind) for plural, kind in REVIEW_KINDS.items()]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": told,
    }


def _entries(resource: Resource) -> list[Object]:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if not resource.has_status:
        return [entry]
    part = {"name": f"{resource.plural}/status", "singularName": "", "kind": resource.kind}
    return [entry, part | {"namespaced": resource.namespaced, "verbs": ["get", "patch", "update"]}]


def _review(plural: str, kind: str) -> Object:
    entry: Object = {"name": plural, "singularName": kind.lower(), "namespaced": False}
    return entry | {"kind": kind, "verbs": ["create"]}
