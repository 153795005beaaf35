"""A deletion as an operation. Pure.

It succeeded when both the request and the Backup are gone. A failed one leaves the request
``Processed`` with errors, and the Backup ``Deleting``.
"""

from __future__ import annotations

from collections.abc import Sequence

from slackwater.model.operation import Operation, OperationRef, Phase
from slackwater_velero.objects import Backup, DeleteRequest


def deletion_operation(
    ref: OperationRef,
    backup: Backup | None,
    request: DeleteRequest | None,
    others: Sequence[DeleteRequest],
) -> Operation:
    """Return the state of a deletion: of the Backup if it still stands, of its own request if it
    is still there, and of other requests for the same Backup, which replace older ones.
    """
    if backup is None:
        return Operation(ref=ref, phase=Phase.SUCCEEDED, tool_phase="gone")
    current = request or (others[0] if others else None)
    if current is None:
        return Operation(
            ref=ref,
            phase=Phase.FAILED,
            tool_phase=backup.state.phase,
            message=f"the request has vanished and Backup {backup.metadata.name} still stands",
            retryable=True,
        )
    return _of_request(ref, current)


def _of_request(ref: OperationRef, request: DeleteRequest) -> Operation:
    phase = request.status.phase if request.status else ""
    errors = (request.status.errors if request.status else None) or []
    known = {"": Phase.PENDING, "New": Phase.PENDING, "InProgress": Phase.RUNNING}
    if phase == "Processed":
        # Without errors the two objects are about to vanish.
        known["Processed"] = Phase.FAILED if errors else Phase.RUNNING
    return Operation(
        ref=ref,
        phase=known.get(phase, Phase.UNKNOWN),
        tool_phase=phase or "New",
        message="; ".join(errors),
        retryable=bool(errors),
    )
