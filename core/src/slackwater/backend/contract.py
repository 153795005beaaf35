"""The contract: what every backend promises to core.

A *backend type* is a kind of tool, described by a plugin; a *backend* is that tool in one cluster,
configured. Calls are synchronous and short (seconds, never minutes); only ``perform`` may take
long. Nothing here waits, retries or prints: the waiting and the retries are in ``runs/``, the
threads around it too, so a backend must be usable from several threads.

The conformance kit in ``slackwater.testing`` turns each promise into a test. The smallest
complete example is ``slackwater.testing.memory``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel

from slackwater.clusters import Cluster
from slackwater.errors import ConfigurationError, Problem
from slackwater.model.act import Act, ActPlan, Key
from slackwater.model.capability import Description
from slackwater.model.finding import Finding
from slackwater.model.operation import Explanation, Operation, OperationRef, Progress
from slackwater.model.own_record import OwnRecord
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import BackupRequest, PointQuery, RestoreRequest
from slackwater.stores import ArtefactStore

CONTRACT_VERSION = 1
"""Rises when a promise changes in a way that old plugins cannot keep."""


class Report(Protocol):
    """Handed to ``perform``: tells how far the act is, and asks whether to stop."""

    def progress(self, progress: Progress) -> None:
        """Say how far the act is; cheap, may be called often."""

    @property
    def stopping(self) -> bool:
        """Whether the act was asked to stop: leave cleanly and raise ``Stopped``."""


class Stopped(Exception):
    """Raised by ``perform`` when it was asked to stop and did."""


def no_store(name: str) -> ArtefactStore:
    """Refuse the name: where nobody gives stores, there are none."""
    raise ConfigurationError(Problem(f'no store "{name}" here (known: none)'))


@dataclass(frozen=True)
class Context:
    """All that a plugin gets from us.

    ``cluster`` is the way to the API server. ``secret`` follows a reference (``env:…``) and
    returns the value; never keep it longer than the call that uses it. ``spool`` is a private
    folder for files in the making: the next start sweeps what a killed process left there.
    ``clock`` returns the time, aware and in UTC. ``store`` opens a store of the fleet file by its
    name, for tools that have none of their own; it contacts nothing, and raises
    ``ConfigurationError`` for a name that is not there.
    """

    cluster: Cluster
    secret: Callable[[str], str]
    spool: Path
    clock: Callable[[], datetime]
    store: Callable[[str], ArtefactStore] = no_store


class Backend(ABC):
    """A tool in one cluster.

    Every method may raise ``TransientBackendError`` (try again later) or
    ``PermanentBackendError`` (do not); the tool's own words are in the message, the error names
    backend and cluster, and the cause is chained.

    Plans say what cannot be done by a finding of severity error with its way out, or by raising
    ``Unsupported``; both agree with ``describe``.
    """

    @abstractmethod
    def describe(self) -> Description:
        """Return version, capabilities and limits as found in *this* cluster.

        "Not available here" is an answer, not an error: ``available`` False with the reason. A tool
        that does not answer at the moment is ``TransientBackendError``, or not available.
        """

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Look whether the tool is installed, reachable, permitted, and its stores available.

        What is wrong is returned with its way out; never raised.
        """

    @abstractmethod
    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """Yield each recovery point exactly once, whoever made it, the query applied.

        Pages inside. Changes nothing. Cheap: contents that would cost a request per point stay
        None. ``origin`` is our stamp's cluster, or empty; core fills in what the stores tell.
        """

    @abstractmethod
    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """Return the point with its contents: what it really covers, volumes passed over included.

        A point whose contents cannot be read has ``contents`` None and a finding that says why.
        An empty ``store`` means the one that this backend backs up to: right after a backup only
        the name is known.
        Raises ``RecoveryPointNotFound``.
        """

    @abstractmethod
    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """Return the acts that back the workload up. Changes nothing."""

    @abstractmethod
    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """Return the acts that bring the workload back into this cluster. Changes nothing.

        Equal acts of two requests (one store shown for both) are done once, and two runs may do
        them side by side: clean-up leaves what another run, by its ``Key.run``, still needs, and
        goes well where nothing was begun.
        """

    @abstractmethod
    def plan_deletion(self, point: PointId) -> ActPlan:
        """Return the acts that delete the point and its data. Changes nothing.

        Raises ``RecoveryPointNotFound``.
        """

    @abstractmethod
    def start(self, act: Act, key: Key) -> OperationRef:
        """Start an operated act and return at once.

        Idempotent by key, from any process: what exists under the key is looked for first and
        returned. The same key with another content raises ``KeyReused``, whatever name that
        content would give to the operation.
        """

    @abstractmethod
    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """Return the state of each operation; those that are gone are left out. Changes nothing.

        As few requests as the tool allows, whatever the number of references. A state that the
        plugin does not know is ``Phase.UNKNOWN``.
        """

    @abstractmethod
    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Do a performed act here and now; return what is worth keeping, as plain JSON.

        May take minutes, reports progress, stops when asked (before the first effect, too).
        Repeatable by key: the last thing is the conditional creation of what makes it count, so two
        performers leave one and both return the same. Files lie in the spool only. A result may
        name ``point`` (the recovery point made), ``findings``, and ``control_plane`` (who the
        store of the control plane will be, see the role ``ControlPlane``).
        """

    @abstractmethod
    def cancel_operation(self, ref: OperationRef) -> None:
        """Ask the tool to stop; best effort.

        What had not begun may be gone afterwards. Raises ``Unsupported`` where the tool cannot:
        what it can, begun or not, are ``Capability.CANCEL`` and ``CANCEL_WAITING``.
        """

    @abstractmethod
    def explain_operation(self, ref: OperationRef) -> Explanation:
        """Return the tool's own errors, the tail of its log, the native command to look further."""

    @abstractmethod
    def close(self) -> None:
        """Release everything. Twice is fine."""


@dataclass(frozen=True)
class BackendType:
    """A kind of tool, as a plugin offers it.

    ``name`` is the key in the fleet file. ``settings`` is the pydantic class of what stands under
    that key. ``discover`` looks into a cluster for ``init`` and returns settings, or None where
    the tool is not there; it changes nothing. ``create`` makes a backend without contacting
    anything. ``own_records`` are the kinds of objects that the tool makes for itself in the
    namespaces which it backs up: they are known without asking anybody, for they stand there too
    where the tool is down, or is not named in the fleet file.
    """

    name: str
    summary: str
    settings: type[BaseModel]
    discover: Callable[[Cluster], Mapping[str, object] | None]
    create: Callable[[BaseModel, Context], Backend]
    contract_version: int = CONTRACT_VERSION
    own_records: tuple[OwnRecord, ...] = ()
