"""What both in-memory backends have in common: points in stores, read and listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from slackwater.backend import Backend, Context
from slackwater.errors import (
    BackendError,
    OperationNotFound,
    PermanentBackendError,
    PermissionDenied,
    RecoveryPointNotFound,
)
from slackwater.model.finding import Finding, Severity
from slackwater.model.recovery_point import PointId, RecoveryPoint, Stamp
from slackwater.model.request import PointQuery
from slackwater.testing.memory.errors import translated
from slackwater.testing.memory.records import ShownStore
from slackwater.testing.memory.settings import MemorySettings
from slackwater.testing.memory.tool import Tool
from slackwater.testing.memory.translation import listed_point, read_point
from slackwater.testing.memory.world import MemoryWorld


class StoredPoints(Backend):
    """A backend whose points lie in the stores of a world; how they get there is left open."""

    name: str

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        self.settings = settings
        self.cluster = context.cluster.name
        self.spool = context.spool
        self.world = MemoryWorld(settings.world, context.clock)

        def token() -> str:
            return context.secret(settings.token) if settings.token else ""

        self.tool = Tool(self.world, self.name, self.cluster, token)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.cluster!r}, {str(self.settings.world)!r})"

    def check(self) -> Sequence[Finding]:
        """Ask for the stores; say which are not available."""
        try:
            stores = self.stores()
        except BackendError as error:
            return [self._not_well(error)]
        if self.settings.store not in stores:
            return [self.finding("store-missing", self.settings.store, "the cluster sees no store")]
        return [
            self.finding("store-unavailable", name, f"store {store.identity} does not answer")
            for name, store in stores.items()
            if not store.available
        ]

    def list_recovery_points(self, query: PointQuery) -> Iterator[RecoveryPoint]:
        """Walk through the pages; the tool cannot filter."""
        stores, after, more = self.stores(), "", True
        while more:
            with self.translated():
                page, after = self.tool.list_points(after, self.settings.page)
            points = [listed_point(held, self.cluster, stores) for held in page]
            yield from filter(query.wants, points)
            more = bool(after)

    def get_recovery_point(self, point: PointId) -> RecoveryPoint:
        """Read the point with what it holds."""
        with self.translated():
            held = self.tool.read_point(point.store or self.store(), point.name)
        return read_point(held, self.cluster, self.stores())

    def stamp(self, point: PointId, values: Mapping[str, str]) -> None:
        """Write what a stamp has fields for on the point."""
        with self.translated():
            held = self.tool.read_point(point.store, point.name)
            before = held.stamp or Stamp(cluster="", cluster_uid="")
            after = Stamp.model_validate({**before.model_dump(), **values})
            self.tool.stamp_point(point.store, point.name, after)

    def close(self) -> None:
        """Nothing is held between calls."""

    def stores(self) -> dict[str, ShownStore]:
        """Return the stores that the cluster sees, by name."""
        with self.translated():
            return self.tool.list_stores()

    def store(self) -> str:
        """Return the identity of the store that backups go to."""
        stores = self.stores()
        if self.settings.store not in stores:
            raise PermanentBackendError(
                f"{self.name} in {self.cluster}: no store {self.settings.store}",
                backend=self.name,
                cluster=self.cluster,
                hint="slackwater check shows which stores there are",
            )
        return stores[self.settings.store].identity

    def translated(
        self, missing: type[PermanentBackendError] = RecoveryPointNotFound
    ) -> AbstractContextManager[None]:
        """Raise the tool's errors as the contract's."""
        return translated(self.name, self.cluster, missing)

    def unknown(self, handle: str) -> OperationNotFound:
        """Return the error for a reference that names nothing here."""
        return OperationNotFound(
            f"{self.name} in {self.cluster} knows no operation {handle}",
            backend=self.name,
            cluster=self.cluster,
        )

    def finding(self, code: str, subject: str, message: str, way_out: str = "") -> Finding:
        """Return a finding of severity error about the tool in this cluster."""
        return Finding(
            severity=Severity.ERROR,
            code=code,
            subject=subject,
            message=message,
            way_out=way_out or f"look at the world in {self.settings.world}",
            cluster=self.cluster,
            tool=self.name,
        )

    def _not_well(self, error: BackendError) -> Finding:
        code = "rights-missing" if isinstance(error, PermissionDenied) else "no-answer"
        return self.finding(code, self.name, str(error), error.hint)
