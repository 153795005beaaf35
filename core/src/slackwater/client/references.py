"""Follows references to secrets for a backend: those of Kubernetes lie in its own cluster."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import partial
from pathlib import Path

from slackwater.clusters import Cluster, Resource
from slackwater.errors import ClusterError, SecretError
from slackwater.fleet.secrets import resolve

_SECRETS = Resource("", "v1", "secrets")


def follower(folder: Path) -> Callable[[str, Cluster], str]:
    """Return what follows a reference for a cluster; relative paths start at the folder."""

    def follow(reference: str, cluster: Cluster) -> str:
        return resolve(reference, k8s=partial(_in_cluster, cluster), folder=folder)

    return follow


def _in_cluster(cluster: Cluster, namespace: str, name: str, key: str) -> str:
    place = f"k8s:{namespace}/{name}/{key}"
    try:
        data = cluster.get(_SECRETS.path(namespace, name)).get("data") or {}
    except ClusterError as error:
        raise SecretError(f"{place}: {error}", hint=error.hint) from None
    if key not in data:
        raise SecretError(f"{place}: the Secret has no such key in {cluster.name}")
    try:
        return base64.b64decode(data[key], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SecretError(f"{place}: what is in it is no text") from None
