"""Plans deletions: the manifest goes first, so that nothing half-deleted counts."""

from __future__ import annotations

from slackwater.errors import ArtefactDamaged
from slackwater.model.act import Act, ActKind, ActPlan
from slackwater.model.recovery_point import PointId
from slackwater.model.wording import in_bytes
from slackwater.stores import ArtefactStore
from slackwater_etcdctl.acts import Do
from slackwater_etcdctl.store_access import manifest_of


def plan_deletion(point: PointId, store: ArtefactStore, cluster: str) -> ActPlan:
    """Return the act. A damaged manifest is no hindrance. Raises ``RecoveryPointNotFound``."""
    try:
        artefacts = manifest_of(point, store, cluster).artefacts
        size = in_bytes(sum(artefact.size for artefact in artefacts))
        what = f"its {len(artefacts)} artefacts, {size}"
    except ArtefactDamaged:
        what = "whatever lies there under its name"
    act = Act(
        id="delete",
        kind=ActKind.PERFORMED,
        title=f"delete {point.name}",
        effects=(f"removes the manifest {point.name} from the store {store.name}, then {what}",),
        without_api=True,
        payload={"do": Do.DELETE, "point": point.name},
    )
    return ActPlan(acts=(act,))
