"""What the cluster's contents still say of the snapshots of published points.

They say less than it seems: what was ready once is called ready for ever, and what is gone in the
storage is not told (see ``looking``). But a content that is gone, complains, or is another
snapshot's vouches for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from slackwater.errors import PermissionDenied
from slackwater_csi.access import Here
from slackwater_csi.facts import PointFacts, VolumeFacts
from slackwater_csi.objects import Content
from slackwater_csi.resources import CONTENTS

_FEW = 3


class Vouchers:
    """Contents by name and by what they stand for."""

    def __init__(self, contents: Iterable[Content]) -> None:
        self._by_name = {each.name: each for each in contents}

    def doubts(self, facts: PointFacts) -> Mapping[str, str]:
        """Return why nobody vouches for the snapshot of a claim any more, for each such claim."""
        found = ((volume.claim, self._doubt(volume)) for volume in facts.held)
        return {claim: why for claim, why in found if why}

    def _doubt(self, volume: VolumeFacts) -> str:
        content = self._by_name.get(volume.content)
        why = _against(content, volume) if content else _gone(volume)
        return why and ("" if self._another_vouches(volume) else why)

    def _another_vouches(self, volume: VolumeFacts) -> bool:
        """Whether another content shows the same snapshot: its driver was asked for it."""
        same = self._by_handle.get((volume.driver, volume.handle), ())
        return any(_is_fine(each) for each in same if each.name != volume.content)

    @cached_property
    def _by_handle(self) -> Mapping[tuple[str, str], Sequence[Content]]:
        found: dict[tuple[str, str], list[Content]] = {}
        for each in self._by_name.values():
            found.setdefault((each.spec.driver, each.handle), []).append(each)
        return found


class NoVouchers(Vouchers):
    """Nobody may look: silence would be false green."""

    def __init__(self) -> None:
        super().__init__(())

    def doubts(self, facts: PointFacts) -> Mapping[str, str]:
        """Doubt all of them."""
        why = f"whether it is still there is not known: {CONTENTS} may not be read here"
        return {volume.claim: why for volume in facts.held}


def all_vouchers(here: Here) -> Vouchers:
    """Return every content of a cluster, in one list."""
    try:
        return Vouchers(here.list_if_served(CONTENTS, Content))
    except PermissionDenied:
        return NoVouchers()


def vouchers_of(here: Here, facts: PointFacts) -> Vouchers:
    """Return the contents of one point: a few by themselves, unless one of them is gone."""
    names = {volume.content for volume in facts.held}
    if len(names) > _FEW or not here.served(f"{CONTENTS.group}/{CONTENTS.version}"):
        return all_vouchers(here)
    try:
        found = [here.find(CONTENTS, name, Content) for name in sorted(names)]
    except PermissionDenied:
        return NoVouchers()
    there = [each for each in found if each is not None]
    return Vouchers(there) if len(there) == len(names) else all_vouchers(here)


def _gone(volume: VolumeFacts) -> str:
    return (
        f"its content {volume.content} is gone from the cluster, and whether the storage still has "
        "it is not known"
    )


def _against(content: Content, volume: VolumeFacts) -> str:
    name, ref = content.name, content.spec.volume_snapshot_ref
    if content.handle != volume.handle:
        return f"its content {name} stands for another snapshot of the storage by now"
    if volume.snapshot_uid and ref.uid and ref.uid != volume.snapshot_uid:
        return f"its content {name} belongs to another snapshot by now, {ref.namespace}/{ref.name}"
    if _is_fine(content):
        return ""
    error = content.status.error if content.status else None
    said = f": {error.message}" if error and error.message else ""
    leaving = content.metadata.deletion_timestamp is not None
    return f"its content {name} is {'being deleted' if leaving else 'not ready'}{said}"


def _is_fine(content: Content) -> bool:
    status = content.status
    ready = status is not None and status.ready_to_use is True and status.error is None
    return ready and content.metadata.deletion_timestamp is None
