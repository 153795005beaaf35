"""One Backup or Restore as an operation. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from slackwater.model.finding import Finding
from slackwater.model.operation import Operation, OperationRef, Progress
from slackwater_velero.objects import Backup, Restore
from slackwater_velero.phases import backup_phase, restore_phase

_STORE_DOWN = (
    "is in Unavailable status",
    "is unavailable, cannot retrieve the backup",
)
"""Velero's words where validation failed only because the location was not available (1.18)."""

_TOO_EARLY = "Error retrieving backup: can't find backup"


def backup_operation(ref: OperationRef, backup: Backup, stuck: Sequence[Finding]) -> Operation:
    """Return the operation that a Backup stands for; Velero's word, not yet our judgement."""
    state = backup.state
    phase = backup_phase(state.phase)
    return Operation(
        ref=ref,
        phase=phase,
        tool_phase=state.phase or "New",
        progress=_progress(state.progress.items_backed_up, state.progress.total_items)
        if state.progress
        else None,
        message=_message(state.failure_reason, state.validation_errors),
        findings=tuple(stuck),
        retryable=_retryable(state.phase, state.validation_errors),
        point=backup.metadata.name if phase.usable else "",
        began=state.start_timestamp,
        ended=state.completion_timestamp,
    )


def restore_operation(ref: OperationRef, restore: Restore, stuck: Sequence[Finding]) -> Operation:
    """Return the operation that a Restore stands for."""
    state = restore.state
    return Operation(
        ref=ref,
        phase=restore_phase(state.phase),
        tool_phase=state.phase or "New",
        progress=_progress(state.progress.items_restored, state.progress.total_items)
        if state.progress
        else None,
        message=_message(state.failure_reason, state.validation_errors),
        findings=tuple(stuck),
        retryable=_retryable(state.phase, state.validation_errors),
        began=state.start_timestamp,
        ended=state.completion_timestamp,
    )


def _progress(done: int, total: int) -> Progress:
    return Progress(done=done, total=total or None)


def _message(reason: str, errors: Sequence[str] | None) -> str:
    return "; ".join([*([reason] if reason else []), *(errors or ())])


def _retryable(phase: str, errors: Sequence[str] | None) -> bool:
    """Failed: the server was restarted, the store went away; a new object may do better.

    FailedValidation only where every error is one that passes by itself: nothing was stored.
    """
    if phase == "Failed":
        return True
    passing = (*_STORE_DOWN, _TOO_EARLY)
    said = errors or ()
    return (
        phase == "FailedValidation"
        and bool(said)
        and all(any(words in error for words in passing) for error in said)
    )
