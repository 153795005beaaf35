"""The fleet file: clusters, tools, stores and policies, read with the place of every problem."""

from __future__ import annotations

from slackwater.fleet.checking import check_fleet
from slackwater.fleet.entries import ClusterEntry, FleetFile, StoreEntry
from slackwater.fleet.loading import load_fleet
from slackwater.fleet.rendering import DiscoveredCluster, name_for, render_fleet
from slackwater.fleet.schema import json_schema
from slackwater.fleet.secrets import SecretRef, SecretReference, parse_reference, resolve

__all__ = [
    "ClusterEntry",
    "DiscoveredCluster",
    "FleetFile",
    "SecretRef",
    "SecretReference",
    "StoreEntry",
    "check_fleet",
    "json_schema",
    "load_fleet",
    "name_for",
    "parse_reference",
    "render_fleet",
    "resolve",
]
