"""Kubernetes access in one place: kubeconfig, login, TLS, paging, quick second tries of reads.

``Cluster`` is what the rest of the house talks to a cluster with. Importing this package does not
import the Kubernetes client; the first request does.
"""

from __future__ import annotations

from slackwater.clusters.access import Cluster, Object
from slackwater.clusters.identity import ClockOffset, ClusterIdentity
from slackwater.clusters.inventory import Inventory, take_inventory
from slackwater.clusters.kubeconfig import ContextInfo, list_contexts
from slackwater.clusters.platform import Platform
from slackwater.clusters.resources import Resource
from slackwater.clusters.rights import Right

__all__ = [
    "ClockOffset",
    "Cluster",
    "ClusterIdentity",
    "ContextInfo",
    "Inventory",
    "Object",
    "Platform",
    "Resource",
    "Right",
    "list_contexts",
    "take_inventory",
]
