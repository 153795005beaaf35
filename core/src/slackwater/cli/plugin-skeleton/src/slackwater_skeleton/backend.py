"""The backend: skeleton, as one cluster uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slackwater.backend import Backend, Context, Report
from slackwater.backend.voice import Voice
from slackwater.errors import BackendError, OperationNotFound, RecoveryPointNotFound, Unsupported
from slackwater.model.act import Act, ActPlan, Key
from slackwater.model.capability import Capability, Description, Level, Support
from slackwater.model.finding import Finding
from slackwater.model.operation import Explanation, Operation, OperationRef
from slackwater.model.recovery_point import PointId, RecoveryPoint
from slackwater.model.request import BackupRequest, PointQuery, RestoreRequest
from slackwater_skeleton.settings import SkeletonSettings
from slackwater_skeleton.tool import Tool
from slackwater_skeleton.translation import recovery_point

CAN: frozenset[Capability] = frozenset()
"""What the backend can do so far. Each capability that is added makes the kit ask for more."""
_WAY_OUT = "use another tool for it"


class _Voice(Voice):
    tool = "skeleton"


class SkeletonBackend(Backend):
    """Lists and reads recovery points; declares everything else as not supported."""

    def __init__(self, settings: SkeletonSettings, context: Context) -> None:
        self._cluster = context.cluster.name
        self._store = settings.url
        self._tool = Tool(settings, context)
        self._says = _Voice(self._cluster)

    # Looking

    def describe(self) -> Description:
        """Ask for the version; what the backend can do is the same for every version so far."""
        levels = {c: Level.SUPPORTED if c in CAN else Level.UNSUPPORTED for c in Capability}
        return Description(
            tool="skeleton",
            version=self._tool.version(),
            capabilities={capability: Support(level=level) for capability, level in levels.items()},
        )

    def check(self) -> Sequence[Finding]:
        """Ask for the version and for points; what is wrong is returned."""
        try:
            self._tool.version()
            self._tool.list_points("")
        except BackendError as error:
            way_out = f"see that {self._store} answers, and what the token may do"
            return [self._says.error("no-answer", "skeleton", str(error), error.hint or way_out)]
        return []

    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """Walk through the pages. The tool cannot filter, so it is done here."""
        after, more = "", True
        while more:
            page = self._tool.list_points(after)
            points = (recovery_point(told, self._store, self._cluster) for told in page.points)
            yield from filter(query.wants, points)
            after, more = page.next, bool(page.next)

    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """Read it, with its contents."""
        if point.store not in ("", self._store):
            message = f"{point.name} lies in {point.store}, not in {self._store}"
            raise RecoveryPointNotFound(message, backend="skeleton", cluster=self._cluster)
        return recovery_point(self._tool.read_point(point.name), self._store, self._cluster)

    # Planning

    def plan_backup(self, request: BackupRequest) -> ActPlan:
        """Not yet: return the acts, and switch ``objects`` on."""
        return self._refused(f"skeleton does not back up {request.workload} yet")

    def plan_restore(self, request: RestoreRequest) -> ActPlan:
        """Not yet."""
        return self._refused(f"skeleton does not restore {request.workload} yet")

    def plan_deletion(self, point: PointId) -> ActPlan:
        """Not yet."""
        return self._refused(f"skeleton does not delete {point.name} yet")

    # Doing

    def start(self, act: Act, key: Key) -> OperationRef:
        """Nothing is operated yet."""
        raise self._unsupported(f"skeleton operates nothing yet: {act.id}, {key.step}")

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """So there is nothing to know."""
        del refs
        return {}

    def perform(self, act: Act, key: Key, report: Report) -> Mapping[str, object]:
        """Nor is anything performed."""
        del report
        raise self._unsupported(f"skeleton performs nothing yet: {act.id}, {key.step}")

    def cancel_operation(self, ref: OperationRef) -> None:
        """Nor is there anything to cancel."""
        raise self._unsupported(f"skeleton has no operations yet: {ref}")

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """Nor to explain."""
        message = f"skeleton has no operations yet: {ref}"
        raise OperationNotFound(message, backend="skeleton", cluster=self._cluster)

    def close(self) -> None:
        """Let the connections go."""
        self._tool.close()

    # Within

    def _refused(self, message: str) -> ActPlan:
        finding = self._says.error("unsupported", "skeleton", message, _WAY_OUT)
        return ActPlan(findings=(finding,))

    def _unsupported(self, message: str) -> Unsupported:
        return Unsupported(message, backend="skeleton", cluster=self._cluster, hint=_WAY_OUT)
