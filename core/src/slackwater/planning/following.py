"""Volumes that follow a control plane: it holds objects only, and another tool has their data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slackwater.clusters import PERSISTENT_VOLUME_CLAIMS
from slackwater.model.request import Existing
from slackwater.model.workload import Workload
from slackwater.planning.choosing import Selection, Selections, Wanted
from slackwater.planning.draft import Draft
from slackwater.planning.standing import Stand
from slackwater.planning.wish import Wish


def may_follow(wish: Wish, covered: Sequence[Workload]) -> tuple[Wanted, ...]:
    """Return the covered namespaces whose volumes may be exchanged after their control plane.

    Only where what stands may be changed: by then all their objects stand again.
    """
    if wish.existing is not Existing.UPDATE:
        return ()
    return tuple(w for w in wish.wanted if w.workload in covered and w.workload.namespace)


def with_volumes(selections: Selections, asked: Sequence[Wanted]) -> Selections:
    """Leave out of the selections what was asked for its volumes, and holds none."""
    items = (s for s in selections.items if s.wanted not in asked or _claims(s))
    return replace(selections, items=tuple(items))


def settle(draft: Draft, chosen: Sequence[Selection], asked: Sequence[Wanted]) -> list[Selection]:
    """Keep of the chosen what can be planned now, and note in the draft which places follow.

    A tool plans the exchange of the claims that it sees. Of one that does not stand now it would
    not know that it stands again later, and so would leave it as it comes back.
    """
    kept = []
    for selection in chosen:
        if selection.wanted in asked:
            target = draft.wish.target(selection.wanted.workload)
            stand = draft.stands.get(f"{target.cluster}/{target.namespace}")
            if stand is None or not _stand_all(stand, _claims(selection)):
                continue
            draft.following.add(stand.place)
        kept.append(selection)
    return kept


def _claims(selection: Selection) -> set[str]:
    contents = selection.point.contents if selection.point else None
    volumes = contents.volumes_in(selection.wanted.workload.namespace) if contents else ()
    return {volume.claim for volume in volumes if volume.held}


def _stand_all(stand: Stand, claims: set[str]) -> bool:
    return {(str(PERSISTENT_VOLUME_CLAIMS), claim) for claim in claims} <= set(stand.objects)
