"""How long acts take: the history of steps that ended well."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median, quantiles

from sqlalchemy import select

from slackwater.ledger.part import Part
from slackwater.ledger.schema import step as steps
from slackwater.model.run import RunState

_NEWEST = 20
_WELL = (RunState.SUCCEEDED.value, RunState.PARTIAL.value)


@dataclass(frozen=True)
class Expected:
    """Seconds that an act is likely to take: the middle half of ``count`` earlier ones."""

    low: float
    median: float
    high: float
    count: int


class Durations(Part):
    """Expected times, derived from the steps."""

    def expected(self, cluster: str, tool: str, act_id: str) -> Expected | None:
        """Return how long such an act took in this cluster, or else anywhere; None: no history."""
        return expect(self._seconds(tool, act_id, cluster)) or expect(self._seconds(tool, act_id))

    def _seconds(self, tool: str, act_id: str, cluster: str = "") -> list[float]:
        query = (
            select(steps.c.began, steps.c.ended)
            .where(steps.c.tool == tool, steps.c.act == act_id, steps.c.state.in_(_WELL))
            .where(steps.c.began.is_not(None), steps.c.ended.is_not(None))
            .order_by(steps.c.ended.desc())
            .limit(_NEWEST)
        )
        if cluster:
            query = query.where(steps.c.cluster == cluster)
        with self.database.read() as connection:
            return [(row.ended - row.began).total_seconds() for row in connection.execute(query)]


def expect(seconds: list[float]) -> Expected | None:
    """Return the middle half of some durations; None where there are none."""
    if not seconds:
        return None
    if len(seconds) == 1:
        return Expected(seconds[0], seconds[0], seconds[0], 1)
    low, _, high = quantiles(seconds, n=4, method="inclusive")
    return Expected(low, median(seconds), high, len(seconds))
