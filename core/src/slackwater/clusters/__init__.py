"""Kubernetes access in one place: kubeconfig, login, TLS, paging, quick second tries of reads.

``Cluster`` is what the rest of the house talks to a cluster with. Importing this package does not
import the Kubernetes client; the first request does.
"""

from __future__ import annotations

from slackwater.clusters.access import Cluster, Object, utc_now
from slackwater.clusters.executing import Executed
from slackwater.clusters.identity import ClockOffset, ClusterIdentity
from slackwater.clusters.inventory import (
    Gap,
    Inventory,
    Namespace,
    StorageClass,
    Volume,
    take_inventory,
)
from slackwater.clusters.kubeconfig import ContextInfo, list_contexts
from slackwater.clusters.patching import with_exact_data
from slackwater.clusters.platform import Platform
from slackwater.clusters.resources import (
    CUSTOM_RESOURCE_DEFINITIONS,
    NAMESPACES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
    Resource,
)
from slackwater.clusters.rights import Right
from slackwater.clusters.served import ServedKind, kinds_of, preferred_versions, served_kinds

__all__ = [
    "CUSTOM_RESOURCE_DEFINITIONS",
    "NAMESPACES",
    "NODES",
    "PERSISTENT_VOLUMES",
    "PERSISTENT_VOLUME_CLAIMS",
    "STORAGE_CLASSES",
    "ClockOffset",
    "Cluster",
    "ClusterIdentity",
    "ContextInfo",
    "Executed",
    "Gap",
    "Inventory",
    "Namespace",
    "Object",
    "Platform",
    "Resource",
    "Right",
    "ServedKind",
    "StorageClass",
    "Volume",
    "kinds_of",
    "list_contexts",
    "preferred_versions",
    "served_kinds",
    "take_inventory",
    "utc_now",
    "with_exact_data",
]
