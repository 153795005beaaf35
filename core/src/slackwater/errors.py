"""Every error that Slackwater raises on purpose.

    SlackwaterError
      ConfigurationError        the fleet file: file, line, column, field, and the way out
      PluginError
        PluginLoadError         an entry point that could not be imported
        ContractVersionError    a plugin made for another version of the contract
        DuplicateBackendError   two plugins that offer the same tool
      ClusterError              a Kubernetes API server: cluster, status, the server's own words
        ClusterUnreachable      no answer: refused, timed out, TLS, name not known
        ClusterDenied           401 or 403
        ObjectNotFound          404: the object
          KindNotServed         404: the whole kind, so nothing is known of the object
        ObjectExists            409 on create
        ObjectConflict          409 on update: somebody was quicker
        ListExpired             410: the list's continue token is too old
        ClusterThrottled        429, with the seconds the server asked for
      SecretError               a reference to a secret that could not be followed
      BackendError              a tool: backend, cluster, operation, hint
        TransientBackendError   worth another try by ``runs/``
          BackendUnavailable
          Throttled             with ``retry_after`` in seconds
        PermanentBackendError
          RecoveryPointNotFound
          OperationNotFound
          PermissionDenied
          KeyReused             one key, two different contents
          Unsupported
          ArtefactDamaged       not there, truncated, changed, or exchanged for another
          ArtefactLocked        encrypted for others: none of the identities given opens it
      PlanError
        NoSuitableRecoveryPoint
        BlockedByFinding
        PlanChanged             the world is not what the plan rests on; says which part
        PlanAlreadyRun          with the name of the run that did it
      LedgerError               the ledger: damaged, newer, read-only, or the disk is full
      RunError
        RunNotFound
        TargetBusy              another run restores into the same target
        RunFailed
        RunTimedOut
        WaitingForPerson

Each class carries the exit code of the command line (``exit_code``); the codes are listed in
``slackwater.cli`` and promised by a test.
"""

from __future__ import annotations

from dataclasses import dataclass


class SlackwaterError(Exception):
    """Root of the tree. ``str(error)`` is a sentence for the user; ``hint`` is the way out."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a configuration: where it is and what to do.

    ``line`` and ``column`` count from 1; 0 means the place is not known.
    """

    message: str
    field: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = self.file + (f":{self.line}:{self.column}" if self.line else "")
        return "  ".join(part for part in (place, self._sentence()) if part)

    def _sentence(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


class ConfigurationError(SlackwaterError):
    """The configuration cannot be used. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class PluginError(SlackwaterError):
    """A plugin that cannot be used; the others still can."""

    exit_code = 2


class PluginLoadError(PluginError):
    """An entry point raised while it was imported or asked for its backend types."""


class ContractVersionError(PluginError):
    """A backend type was written for another version of the contract."""


class DuplicateBackendError(PluginError):
    """Two plugins offer a backend type of the same name."""


class ClusterError(SlackwaterError):
    """A Kubernetes API server answered with an error, or not at all."""

    exit_code = 5

    def __init__(self, message: str, *, cluster: str = "", status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.cluster = cluster
        self.status = status


class ClusterUnreachable(ClusterError):
    """No answer: connection refused, time-out, TLS failure, unknown host."""


class ClusterDenied(ClusterError):
    """401 or 403: who we are is not known there, or has no right to this."""


class ObjectNotFound(ClusterError):
    """404: no such object."""


class KindNotServed(ObjectNotFound):
    """404: the API server does not know the kind (any more). Whether the object is there, nobody
    has looked: where an object that is gone means that something is done, this must not.
    """


class ObjectExists(ClusterError):
    """409 on create: the name is taken."""


class ObjectConflict(ClusterError):
    """409 on update: the object changed since it was read."""


class ListExpired(ClusterError):
    """410: the continue token of a paged list is too old; the list must be begun again."""


class ClusterThrottled(ClusterError):
    """429. ``retry_after`` is in seconds, as the server asked, or 0 where it did not say."""

    def __init__(self, message: str, *, cluster: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, cluster=cluster, status=429)
        self.retry_after = retry_after


class SecretError(SlackwaterError):
    """A reference to a secret could not be followed. Never carries the secret."""

    exit_code = 2


class BackendError(SlackwaterError):
    """A tool could not do what was asked. Keeps the tool's own words in the message."""

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        backend: str = "",
        cluster: str = "",
        operation: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.backend = backend
        self.cluster = cluster
        self.operation = operation


class TransientBackendError(BackendError):
    """May pass by itself: ``runs/`` tries the step again."""


class BackendUnavailable(TransientBackendError):
    """The tool, its API server or its store does not answer at the moment."""


class Throttled(TransientBackendError):
    """Too many requests. ``retry_after`` is in seconds."""

    def __init__(
        self, message: str, *, retry_after: float, backend: str = "", cluster: str = ""
    ) -> None:
        super().__init__(message, backend=backend, cluster=cluster)
        self.retry_after = retry_after


class PermanentBackendError(BackendError):
    """Trying again would end the same way."""


class RecoveryPointNotFound(PermanentBackendError):
    """No such recovery point, or not any more."""

    exit_code = 2


class OperationNotFound(PermanentBackendError):
    """The reference names no operation that the tool still knows."""


class PermissionDenied(PermanentBackendError):
    """The tool or its cluster refuses us this act; the message names the missing right."""


class KeyReused(PermanentBackendError):
    """An operation with this key exists already and was asked for something else."""


class Unsupported(PermanentBackendError):
    """The tool has no such act."""


class ArtefactDamaged(PermanentBackendError):
    """An artefact or its manifest is not what was stored: missing, truncated, changed, another."""


class ArtefactLocked(PermanentBackendError):
    """An artefact is what was stored, but none of the identities given opens it."""


class PlanError(SlackwaterError):
    """A plan that cannot be made, or must not be executed."""

    exit_code = 6


class NoSuitableRecoveryPoint(PlanError):
    """Nothing serves the moment asked for."""


class BlockedByFinding(PlanError):
    """The plan carries findings of severity error."""


class PlanChanged(PlanError):
    """The world is no longer what the plan rests on; the message says which part of it."""


class PlanAlreadyRun(PlanError):
    """A run of this very plan exists; ``run`` is its name."""

    def __init__(self, message: str, *, run: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.run = run


class LedgerError(SlackwaterError):
    """The ledger cannot be used: damaged, newer, read-only, or the disk is full."""

    exit_code = 2


class RunError(SlackwaterError):
    """A run that cannot be driven, or did not end well."""

    exit_code = 5


class RunNotFound(RunError):
    """No run of this name in the ledger."""

    exit_code = 2


class TargetBusy(RunError):
    """Another run is restoring into the same target."""

    exit_code = 6


class RunFailed(RunError):
    """A run ended as failed."""


class RunTimedOut(RunError):
    """A run was waited for longer than allowed; it goes on."""


class WaitingForPerson(RunError):
    """A run stands at a step that a person must confirm."""

    exit_code = 7
