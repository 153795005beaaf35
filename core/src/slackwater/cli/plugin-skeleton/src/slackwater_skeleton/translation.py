"""The tool's recovery points as ours: pure functions."""

from __future__ import annotations

from slackwater.model.operation import Phase
from slackwater.model.recovery_point import Contents, Place, PointId, RecoveryPoint
from slackwater.model.workload import Scope
from slackwater_skeleton.tool import Told

_PHASES = {
    "waiting": Phase.PENDING,
    "running": Phase.RUNNING,
    "done": Phase.SUCCEEDED,
    "failed": Phase.FAILED,
}
"""Every state that the tool is known to have. What is not here is unknown, and never a success."""


def recovery_point(told: Told, store: str, cluster: str) -> RecoveryPoint:
    """Translate a point that lies in ``store`` and is shown by ``cluster``.

    Its origin stays empty: nothing in the tool says which cluster it was taken from.
    """
    return RecoveryPoint(
        id=PointId(tool="skeleton", store=store, name=told.name),
        phase=_PHASES.get(told.state, Phase.UNKNOWN),
        tool_phase=told.state,
        scope=Scope(namespaces=(told.namespace,)),
        begin=told.began,
        end=told.ended,
        contents=_contents(told),
        places=(Place(cluster=cluster, store_name=store),),
        made_by="skeleton",
    )


def _contents(told: Told) -> Contents | None:
    """None until somebody has looked inside: what is not known never counts as held."""
    return None if told.objects is None else Contents(objects={told.namespace: told.objects})
