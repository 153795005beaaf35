"""Optional powers of backends, found by type.

Ask with ``as_role(backend, SharedStores)`` or by ``isinstance``: wrappers have the roles of the
backend that they wrap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

from slackwater.model.finding import Finding
from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import DataSight, PointId, RecoveryPoint
from slackwater.model.request import Store


class Role(ABC):  # noqa: B024  a mark, without methods of its own
    """What makes a class a role: wrappers pass the methods of its direct subclasses through."""


class SharedStores(Role):
    """The tool keeps recovery points in stores that several clusters can look into."""

    @abstractmethod
    def list_stores(self) -> Sequence[Store]:
        """Return every store that this cluster knows, and whether it may write there."""

    @abstractmethod
    def explain_missing_store(self, store: Store) -> Finding:
        """Return a finding with the exact way to make another cluster's store known here."""


class NativeSchedule(Frozen):
    """A schedule that the tool itself runs.

    ``last`` is its newest backup, ``next`` the next due time where the tool or the expression
    tells; both UTC.
    """

    name: str
    cluster: str
    cron: str
    paused: bool
    namespaces: tuple[str, ...] = ()
    last: datetime | None = None
    next: datetime | None = None
    message: str = ""


class NativeSchedules(Role):
    """The tool has schedules of its own; they are read, never changed here."""

    @abstractmethod
    def list_schedules(self) -> Sequence[NativeSchedule]:
        """Return every schedule, paused ones too."""


class Stamping(Role):
    """A recovery point can be stamped after it was made (the spread of a mark, for example)."""

    @abstractmethod
    def stamp(self, point: PointId, values: Mapping[str, str]) -> None:
        """Write the values on the point; the same values twice are fine.

        The keys are names of fields of ``Stamp`` (``mark``, ``spread``); fields that are not named
        stay as they are.
        """


class ControlPlane(Role):
    """The tool keeps the store of a control plane, and can reach it without the API server."""

    @abstractmethod
    def control_plane_id(self) -> str:
        """Return who that store is, asked of it directly, as it is now.

        Empty where nothing of it answers; never raised. A restore that makes the store anew under
        another identity says so before anything is turned back: the result of one of its performed
        acts names ``control_plane``, the identity that the store will have. Any other than the
        planned and the named one is another cluster, and nothing is done to it.
        """


class Verification(Role):
    """The tool's word for data is old, and the place where the data lies can be asked itself."""

    @abstractmethod
    def look_for_data(self) -> Mapping[PointId, DataSight]:
        """Ask where the data of this cluster's points lies; return what was said of each.

        Seconds, and as many points as that takes, the newest first: of the others nothing is
        returned. What is not answered, or may be answered without looking, is ``UNTOLD``. What
        was made to ask is gone again afterwards.
        """


class Posture(Role):
    """The tool can tell what endangers its recovery points."""

    @abstractmethod
    def review_points(self, points: Sequence[RecoveryPoint], now: datetime) -> Sequence[Finding]:
        """Return findings about these points: about to expire, locked, orphaned."""
