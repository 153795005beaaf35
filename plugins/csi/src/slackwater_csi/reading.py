"""Finds the snapshots that were made under keys or for a request, with few requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from slackwater.model.act import Key
from slackwater_csi import labels
from slackwater_csi.access import Here
from slackwater_csi.objects import Content, GroupSnapshot, Snapshot
from slackwater_csi.resources import CONTENTS, SNAPSHOTS, GroupKinds
from slackwater_csi.starting import in_selector, request_selector

_FEW = 3
_AT_ONCE = 100
"""Values that one selector may list: long URLs are refused by proxies."""


def of_keys(here: Here, digests: Iterable[str]) -> dict[str, list[Snapshot]]:
    """Return the snapshots made under keys, by the digest of each."""
    wanted = sorted(set(digests))
    found: dict[str, list[Snapshot]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        selector = in_selector(wanted[start : start + _AT_ONCE], labels.KEY)
        for each in here.list(SNAPSHOTS, Snapshot, selector=selector):
            found.setdefault(each.metadata.label(labels.KEY), []).append(each)
    return found


def of_request(here: Here, request: str, key: Key) -> list[Snapshot]:
    """Return the snapshots that this run has made for a request, of every generation.

    In all namespaces: that of the request may be gone.
    """
    return list(here.list(SNAPSHOTS, Snapshot, selector=request_selector(request, key)))


def groups_of_request(
    here: Here, request: str, key: Key, kinds: GroupKinds
) -> Sequence[GroupSnapshot]:
    """Return the groups that this run has made for a request, of every generation."""
    selector = request_selector(request, key)
    return here.list_if_served(kinds.snapshots, GroupSnapshot, selector=selector)


def members(here: Here, namespace: str, group: str) -> list[Snapshot]:
    """Return the snapshots that belong to a group; they carry its name, and no label of ours."""
    return [
        each
        for each in here.list(SNAPSHOTS, Snapshot, namespace=namespace)
        if each.status is not None and each.status.volume_group_snapshot_name == group
    ]


def contents_of(here: Here, snapshots: Iterable[Snapshot]) -> Mapping[str, Content]:
    """Return the contents of those that say they are ready: a few by themselves, else in one list.

    Nobody's binding matters before that, and no object is asked for again and again.
    """
    wanted = {each.content for each in snapshots if each.status and each.status.ready_to_use}
    if len(wanted) <= _FEW:
        found = (here.find(CONTENTS, name, Content) for name in sorted(wanted))
        return {each.name: each for each in found if each is not None}
    return {each.name: each for each in here.list(CONTENTS, Content) if each.name in wanted}
