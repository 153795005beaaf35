"""The rules for one write: what may be asked, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from slackwater.testing.kubernetes_api.definitions import definition_faults
from slackwater.testing.kubernetes_api.kinds import DEFINITIONS, NAMESPACES, Resource
from slackwater.testing.kubernetes_api.names import metadata_faults
from slackwater.testing.kubernetes_api.status import (
    Json,
    Object,
    bad_request,
    cause,
    conflict,
    invalid,
)

KEPT_BY_SERVER = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """What a deletion may ask for. The propagation policy is accepted and has no effect here."""

    preconditions: Mapping[str, str] = field(default_factory=dict)


def plain_copy(value: Json) -> Json:
    """Return a deep copy of JSON data, or raise TypeError where it is none."""
    return msgspec.json.decode(msgspec.json.encode(value))


def headed(resource: Resource, content: Object) -> Object:
    """Return the object with apiVersion and kind in front."""
    return {"apiVersion": resource.api_version, "kind": resource.kind, **content}


def headless(content: Object) -> Object:
    """Return the object without apiVersion and kind, as it is stored."""
    return {key: value for key, value in content.items() if key not in {"apiVersion", "kind"}}


def accepted(resource: Resource, namespace: str, content: Object) -> Object:
    """Return a copy of what a client sent, if it is of this kind and belongs to this path."""
    given = (content.get("apiVersion"), content.get("kind"))
    if given != (resource.api_version, resource.kind):
        raise bad_request(
            f"{given[1]} in version {str(given[0])!r} cannot be handled as a {resource.kind} "
            f"in {resource.api_version}"
        )
    copied: Object = plain_copy(content)
    metadata = copied["metadata"] = copied.get("metadata") or {}
    if resource.namespaced:
        if metadata.setdefault("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match "
                "the namespace sent on the request"
            )
    else:
        metadata.pop("namespace", None)
    return copied


def require_valid(resource: Resource, content: Object) -> None:
    """Raise the 422 that names every fault of an object."""
    metadata = content["metadata"]
    faults = metadata_faults(resource, metadata)
    if not faults and resource.table == DEFINITIONS:
        faults = definition_faults(content)
    if faults:
        raise invalid(resource.group, resource.kind, metadata.get("name", ""), faults)


def require_same(resource: Resource, name: str, current: Object, wanted: Object) -> None:
    """Refuse a write to another object, to another life of it, or one resting on an older state."""
    now, asked = current["metadata"], wanted["metadata"]
    if asked.setdefault("name", name) != name:
        raise bad_request(
            f"the name of the object ({asked['name']}) does not match the name on the URL ({name})"
        )
    uid = asked.setdefault("uid", now["uid"])
    if uid != now["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {now['uid']}"
        raise conflict(resource, name, why)
    version = asked.get("resourceVersion")
    if not version and resource.custom:
        why = "Invalid value: 0: must be specified for an update"
        causes = [cause("metadata.resourceVersion", "FieldValueInvalid", why)]
        raise invalid(resource.group, resource.plural, name, causes)
    if version and version != now["resourceVersion"]:
        raise conflict(resource, name)


def combined(resource: Resource, current: Object, wanted: Object, subresource: str) -> Object:
    """Return the state to write: each path writes its own part only."""
    if subresource == "status":
        result = dict(current)
        result.pop("status", None)
        return result | ({"status": wanted["status"]} if "status" in wanted else {})
    now, metadata = current["metadata"], wanted["metadata"]
    for word in (*KEPT_BY_SERVER, "resourceVersion"):
        metadata.pop(word, None)
        if word in now:
            metadata[word] = now[word]
    _require_no_new_finalizers(resource, now, metadata)
    if resource.has_status:
        wanted.pop("status", None)
        wanted |= {"status": current["status"]} if "status" in current else {}
    if resource.table == NAMESPACES:
        wanted["spec"] = current["spec"]
    return wanted


def _require_no_new_finalizers(resource: Resource, now: Object, asked: Object) -> None:
    added = set(asked.get("finalizers") or ()) - set(now.get("finalizers") or ())
    if "deletionTimestamp" in now and added:
        listed = ", ".join(f'"{each}"' for each in sorted(added))
        why = (
            "Forbidden: no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{listed}}}"
        )
        causes = [cause("metadata.finalizers", "FieldValueForbidden", why)]
        raise invalid(resource.group, resource.kind, now["name"], causes)


def require_preconditions(
    resource: Resource, name: str, metadata: Object, options: DeleteOptions
) -> None:
    """Refuse to delete another life or state of the object than the one meant."""
    for word, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        asked = options.preconditions.get(word)
        if asked and asked != metadata[word]:
            raise conflict(
                resource,
                name,
                f"Precondition failed: {label} in precondition: {asked}, "
                f"{label} in object meta: {metadata[word]}",
            )


def held(resource: Resource, content: Object) -> bool:
    """Whether finalizers keep the object; those of a namespace are in its spec as well."""
    if resource.table == NAMESPACES and content["spec"].get("finalizers"):
        return True
    return bool(content["metadata"].get("finalizers"))


def spec_changed(resource: Resource, current: Object, result: Object) -> bool:
    """Without a status subresource, a change of the status counts as one of the spec."""
    aside = {"metadata", "status"} if resource.has_status else {"metadata"}
    return {k: v for k, v in current.items() if k not in aside} != {
        k: v for k, v in result.items() if k not in aside
    }
