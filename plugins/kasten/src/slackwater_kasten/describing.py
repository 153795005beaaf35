"""What this backend can do in one cluster, as data."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.errors import PermissionDenied
from slackwater.model.capability import Capability, Description, Level, Support
from slackwater_kasten.access import Kasten
from slackwater_kasten.objects import Named
from slackwater_kasten.resources import DEPLOYMENTS
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.voice import TOOL

DEVELOPED_FOR = ("8.0", "8.5", "9.0")
"""Versions whose documents and observed objects this was written by; it never met a real one."""

_VERSION_LABEL = "app.kubernetes.io/version"
_YES = Support(level=Level.SUPPORTED)
_ALWAYS = (
    Capability.OBJECTS,
    Capability.VOLUMES,
    Capability.MAP_NAMESPACES,
    Capability.MAP_STORAGE_CLASSES,
    Capability.UPDATE_EXISTING,
    Capability.CANCEL,
    Capability.CANCEL_WAITING,
    Capability.DELETE,
    Capability.BY_IMPORT,
)


def describe(version: str, settings: KastenSettings) -> Description:
    """Return the description of an installation. Pure."""
    return Description(
        tool=TOOL,
        version=version,
        tested=False,
        capabilities=_capabilities(settings),
        homes=(settings.namespace,),
    )


def not_available(reason: str) -> Description:
    """Return the description of a cluster without K10."""
    return Description(tool=TOOL, available=False, reason=reason, tested=False)


def read_version(kasten: Kasten) -> str:
    """Return K10's version by the label of its Deployments; its images may be named by digest."""
    try:
        found = list(
            kasten.list(DEPLOYMENTS, Named, namespace=kasten.namespace, selector="app=k10")
        )
    except PermissionDenied:
        return "unknown"
    told = sorted({each.metadata.label(_VERSION_LABEL) for each in found} - {""})
    return told[-1] if told else "unknown"


def is_known(version: str) -> bool:
    """Whether a version is of those that this was written for."""
    return any(version == each or version.startswith(f"{each}.") for each in DEVELOPED_FOR)


def _capabilities(settings: KastenSettings) -> Mapping[Capability, Support]:
    return {
        **dict.fromkeys(_ALWAYS, _YES),
        Capability.OFF_CLUSTER: _YES
        if settings.export
        else _no("the fleet file names no profile to export to (kasten: {export: NAME})"),
        Capability.RESTORE_ELSEWHERE: _YES
        if settings.export
        else _maybe("only what was exported can leave, and our backups here are not"),
        Capability.CONTROL_PLANE: _no("K10 reads the API; it does not back up etcd"),
        Capability.CLUSTER_OBJECTS: _no("the fields of BackupClusterAction are not confirmed"),
        Capability.MAP_CLAIMS: _no("whether data follows a claim that is renamed is not known"),
        Capability.MAP_IMAGES: _no("which transforms K10 applies to images is not confirmed"),
    }


def _no(reason: str) -> Support:
    return Support(level=Level.UNSUPPORTED, reason=reason)


def _maybe(reason: str) -> Support:
    return Support(level=Level.UNKNOWN, reason=reason)
