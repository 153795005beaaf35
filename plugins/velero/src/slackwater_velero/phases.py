"""Velero's phases, word for word, in our vocabulary.

The tables list every phase of 1.18 (``pkg/apis/velero/v1``). They are compared whole: phases that
end in ``PartiallyFailed`` exist as ends and on the way. What is not listed is *unknown*.
"""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.operation import Phase

BACKUP: Mapping[str, Phase] = {
    "": Phase.PENDING,
    "New": Phase.PENDING,
    "Queued": Phase.PENDING,
    "ReadyToStart": Phase.PENDING,
    "InProgress": Phase.RUNNING,
    "WaitingForPluginOperations": Phase.RUNNING,
    "WaitingForPluginOperationsPartiallyFailed": Phase.RUNNING,
    "Finalizing": Phase.RUNNING,
    "FinalizingPartiallyFailed": Phase.RUNNING,
    "Completed": Phase.SUCCEEDED,
    "PartiallyFailed": Phase.PARTIAL,
    "Failed": Phase.FAILED,
    "FailedValidation": Phase.FAILED,
    # Being deleted, or left over from a deletion that failed: nobody can say from the phase.
    "Deleting": Phase.UNKNOWN,
}

RESTORE: Mapping[str, Phase] = {
    "": Phase.PENDING,
    "New": Phase.PENDING,
    "InProgress": Phase.RUNNING,
    "WaitingForPluginOperations": Phase.RUNNING,
    "WaitingForPluginOperationsPartiallyFailed": Phase.RUNNING,
    "Finalizing": Phase.RUNNING,
    "FinalizingPartiallyFailed": Phase.RUNNING,
    "Completed": Phase.SUCCEEDED,
    "PartiallyFailed": Phase.PARTIAL,
    "Failed": Phase.FAILED,
    "FailedValidation": Phase.FAILED,
}

CANCELLABLE = frozenset(("", "New", "Queued"))
"""Phases of a Backup in which nothing was stored yet and its object can simply be removed."""

KNOWN_BACKUP = frozenset(BACKUP)


def backup_phase(word: str) -> Phase:
    """Return the phase of a Backup."""
    return BACKUP.get(word, Phase.UNKNOWN)


def restore_phase(word: str) -> Phase:
    """Return the phase of a Restore."""
    return RESTORE.get(word, Phase.UNKNOWN)
