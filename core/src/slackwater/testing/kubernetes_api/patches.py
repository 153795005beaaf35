"""JSON merge patch (RFC 7396) and JSON patch (RFC 6902) over plain data."""

from __future__ import annotations

import copy

from slackwater.testing.kubernetes_api.status import ApiError, Json, Object, bad_request

MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON = "application/json-patch+json"


def apply_patch(target: Object, patch: Json, media_type: str) -> Object:
    """Return the target with a patch applied; neither argument is changed.

    A strategic merge patch is applied as a merge patch: lists are replaced, not merged by key.
    """
    if media_type == JSON:
        return _json_patched(target, patch)
    if not isinstance(patch, dict):
        raise bad_request("error decoding patch: json: cannot unmarshal it into an object")
    merged: Object = merge(target, patch)
    return merged


def merge(target: Json, patch: Json) -> Json:
    """Return the target with a merge patch applied: null removes, objects merge, else replaced."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def _json_patched(target: Object, patch: Json) -> Object:
    if not isinstance(patch, list):
        raise bad_request(
            "error decoding patch: json: cannot unmarshal it into a list of operations"
        )
    document = {"": copy.deepcopy(target)}
    for operation in patch:
        try:
            _operate(document, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise _rejected() from error
    return document[""]


def _rejected() -> ApiError:
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, details={})


def _operate(document: Object, operation: Object) -> None:
    kind, path = operation["op"], operation["path"]
    if kind == "add":
        _add(document, path, copy.deepcopy(operation["value"]))
    elif kind == "remove":
        _remove(document, path)
    elif kind == "replace":
        _remove(document, path)
        _add(document, path, copy.deepcopy(operation["value"]))
    elif kind == "test":
        if _get(document, path) != operation["value"]:
            raise ValueError(f"testing value {path} failed")
    elif kind in {"move", "copy"}:
        value = copy.deepcopy(_get(document, operation["from"]))
        if kind == "move":
            _remove(document, operation["from"])
        _add(document, path, value)
    else:
        raise ValueError(f"unexpected kind: {kind}")


def _steps(path: str) -> list[str]:
    """Split a JSON pointer; the first step, the empty one, leads to the whole document."""
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]


def _parent(document: Object, path: str) -> tuple[Json, str]:
    *way, last = _steps(path)
    here: Json = document
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here[step]
    return here, last


def _get(document: Object, path: str) -> Json:
    parent, last = _parent(document, path)
    return parent[int(last)] if isinstance(parent, list) else parent[last]


def _add(document: Object, path: str, value: Json) -> None:
    parent, last = _parent(document, path)
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    else:
        parent[last] = value


def _remove(document: Object, path: str) -> None:
    parent, last = _parent(document, path)
    del parent[int(last) if isinstance(parent, list) else last]
