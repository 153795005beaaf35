"""What the server itself fills in when some kinds are created.

Only what its clients have been seen to rely on; admission plugins and controllers of workloads are
not emulated (no pod starts, no claim is bound, nothing is garbage-collected by owner).
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from slackwater.testing.kubernetes_api.definitions import complete_definition
from slackwater.testing.kubernetes_api.kinds import DEFINITIONS, NAMESPACES
from slackwater.testing.kubernetes_api.status import Object

Filler = Callable[[Object], None]


def _namespace(content: Object) -> None:
    metadata = content["metadata"]
    metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]
    content["spec"] = {"finalizers": ["kubernetes"]}
    content["status"] = {"phase": "Active"}


def _secret(content: Object) -> None:
    """Plain `stringData` is written into `data` and is never read back."""
    content.setdefault("type", "Opaque")
    plain = content.pop("stringData", None) or {}
    if plain:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        content["data"] = (content.get("data") or {}) | encoded


def _pending(content: Object) -> None:
    content["status"] = {"phase": "Pending"}


def _claim(content: Object) -> None:
    _pending(content)
    content.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _volume(content: Object) -> None:
    _pending(content)
    spec = content.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")


def _storage_class(content: Object) -> None:
    content.setdefault("reclaimPolicy", "Delete")
    content.setdefault("volumeBindingMode", "Immediate")


_FILLERS: dict[str, Filler] = {
    NAMESPACES: _namespace,
    DEFINITIONS: complete_definition,
    "secrets": _secret,
    "pods": _pending,
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume,
    "storageclasses.storage.k8s.io": _storage_class,
}


def fill_defaults(table: str, content: Object) -> None:
    """Complete a new object of a kind in place."""
    if filler := _FILLERS.get(table):
        filler(content)
