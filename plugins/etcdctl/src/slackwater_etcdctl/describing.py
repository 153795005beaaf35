"""What this backend can do in one cluster, as data."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from slackwater.errors import BackendUnavailable, RecoveryPointNotFound
from slackwater.model.capability import Capability, Description, Level, Support
from slackwater_etcdctl.errors import TOOL, ToolMissing
from slackwater_etcdctl.members import look, rank
from slackwater_etcdctl.site import Site
from slackwater_etcdctl.store_access import named_errors
from slackwater_etcdctl.surroundings import MANAGED, platform_here
from slackwater_etcdctl.tools import Program

TESTED = ("3.5", "3.6")
"""The minor versions of etcd that the plugin was developed on."""

_YES = Support(level=Level.SUPPORTED)
_NOT_OPERATED = "nothing is operated by etcd; what we perform stops when it is asked"
_WHOLE = "an etcd snapshot comes back as a whole, in place of all that stands"


def _no(reason: str) -> Support:
    return Support(level=Level.UNSUPPORTED, reason=reason)


_CAPABILITIES: Mapping[Capability, Support] = {
    Capability.CONTROL_PLANE: _YES,
    Capability.OFF_CLUSTER: _YES,
    Capability.DELETE: _YES,
    Capability.OBJECTS: _no(_WHOLE),
    Capability.CLUSTER_OBJECTS: _no(_WHOLE),
    Capability.VOLUMES: _no("etcd holds objects; the data of volumes is elsewhere"),
    Capability.RESTORE_ELSEWHERE: _no(
        "a control plane comes back as the cluster that it was; where its hosts are new, put them "
        "under its name in the fleet file"
    ),
    Capability.BY_IMPORT: _no("a store is read where it is; nothing is imported first"),
    Capability.MAP_NAMESPACES: _no(_WHOLE),
    Capability.MAP_STORAGE_CLASSES: _no(_WHOLE),
    Capability.MAP_IMAGES: _no(_WHOLE),
    Capability.MAP_CLAIMS: _no(_WHOLE),
    Capability.UPDATE_EXISTING: _no(_WHOLE),
    Capability.CANCEL: _no(_NOT_OPERATED),
    Capability.CANCEL_WAITING: _no(_NOT_OPERATED),
}


def describe(site: Site) -> Description:
    """Return what there is. Members may be down, for that is when a restore is wanted.

    Raises ``BackendUnavailable`` where neither they nor the store answer, and whatever they say.
    """
    if site.settings.managed:
        return _not_available("the fleet file says that the control plane is managed")
    reason = _no_tools(site) or _no_endpoints(site)
    if reason:
        return _not_available(reason)
    try:
        with site.session() as session:
            rank(look(session, site.settings.endpoints), site.settings.max_lag, site.cluster.name)
    except BackendUnavailable:
        reason = _managed(site)
        if reason:
            return _not_available(reason)
        if not site.settings.store:
            raise
        _require_store(site)
    version = site.tools.version(Program.ETCDCTL)
    return Description(
        tool=TOOL,
        version=version,
        tested=version.startswith(tuple(f"{minor}." for minor in TESTED)),
        capabilities=_CAPABILITIES,
    )


def _require_store(site: Site) -> None:
    """Ask the store for something small. Raises what the store says where it does not answer."""
    with named_errors(site.cluster.name), suppress(RecoveryPointNotFound):
        site.store().manifest("is-the-store-there")


def _no_tools(site: Site) -> str:
    for program in (Program.ETCDCTL, Program.ETCDUTL):
        try:
            site.tools.path(program)
        except ToolMissing as error:
            return f"{error}: {error.hint}"
    return ""


def _no_endpoints(site: Site) -> str:
    if site.settings.endpoints:
        return ""
    return _managed(site) or "no endpoint of etcd is named under endpoints"


def _managed(site: Site) -> str:
    if site.settings.managed is False:
        return ""
    return MANAGED.get(platform_here(site.cluster), "")


def _not_available(reason: str) -> Description:
    return Description(tool=TOOL, available=False, reason=reason, tested=False)
