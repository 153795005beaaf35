"""The rules for one write: what may be asked, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from slackwater.testing.kubernetes_api.definitions import definition_faults
from slackwater.testing.kubernetes_api.kinds import DEFINITIONS, NAMESPACES, Resource
from slackwater.testing.kubernetes_api.names import metadata_faults
from slackwater.testing.kubernetes_api.status import (
    ApiError,
    Json,
    Object,
    bad_request,
    cause,
    conflict,
    details_of,
    invalid,
    qualified,
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
    head = {"apiVersion": resource.api_version, "kind": resource.kind}
    copied: Object = plain_copy(content)
    given = copied if resource.custom else head | copied
    if (given.get("apiVersion"), given.get("kind")) != tuple(head.values()):
        raise bad_request(
            f'{given.get("kind")} in version "{given.get("apiVersion")}" '
            f"cannot be handled as a {resource.kind}"
        )
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
    if asked.setdefault("uid", now["uid"]) != now["uid"]:
        why = f'Invalid value: "{asked["uid"]}": field is immutable'
        causes = [cause("metadata.uid", "FieldValueInvalid", why)]
        raise invalid(resource.group, resource.kind, name, causes)
    version = asked.get("resourceVersion")
    if version and version != now["resourceVersion"]:
        raise conflict(resource, name)


def replacement(resource: Resource, content: Object) -> Callable[[Object], Object]:
    """Return a change that puts another content in place, as an update does.

    An update of a custom object must name the version that it rests on, and a `uid` in it is a
    precondition (in a patch it is a change of an immutable field).
    """

    def replaced(current: Object) -> Object:
        now, asked = current["metadata"], content.get("metadata") or {}
        if asked.get("uid") not in {None, "", now["uid"]}:
            why = f"UID in precondition: {asked['uid']}, UID in object meta: {now['uid']}"
            raise conflict(resource, now["name"], f"Precondition failed: {why}")
        if resource.custom and not asked.get("resourceVersion"):
            why = "Invalid value: 0: must be specified for an update"
            causes = [cause("metadata.resourceVersion", "FieldValueInvalid", why)]
            raise invalid(resource.group, resource.plural, now["name"], causes)
        return content

    return replaced


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
    words = (
        ("uid", "UID", "deleted and then recreated"),
        ("resourceVersion", "ResourceVersion", "modified"),
    )
    for word, label, event in words:
        asked = options.preconditions.get(word)
        if asked and asked != metadata[word]:
            raise _unmet(
                resource,
                name,
                f"the {label} in the precondition ({asked}) does not match the {label} in record "
                f"({metadata[word]}). The object might have been {event}",
            )


def _unmet(resource: Resource, name: str, why: str) -> ApiError:
    """Here the server speaks of the kind where it else names the resource."""
    subject = qualified(resource.group, resource.kind)
    details = details_of(resource, name) | {"kind": resource.kind}
    message = f'Operation cannot be fulfilled on {subject} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=details)


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
