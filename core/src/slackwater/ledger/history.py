"""Runs, steps and events, as they are read. They are written by ``slackwater.runs`` only."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from slackwater.errors import RunNotFound
from slackwater.ledger.part import Part
from slackwater.ledger.schema import event as events
from slackwater.ledger.schema import run as runs
from slackwater.ledger.schema import step as steps
from slackwater.model.run import Event, Run, RunState, StepRecord

_UNFINISHED = tuple(state.value for state in RunState if not state.ended)
AnyRow = Row[tuple[object, ...]]

# Made once: to make a statement takes longer than to run it, and a run that is driven or followed
# asks for events all the time.
_RUN = select(runs).where(runs.c.id == bindparam("of_run"))
_RUNS = select(runs).order_by(runs.c.asked.desc(), runs.c.id)
_STEPS = (
    select(steps.c.run, steps.c.definition, steps.c.record)
    .where(steps.c.run.in_(bindparam("of_runs", expanding=True)))
    .order_by(steps.c.run, steps.c.position)
)
_EVENTS = (
    select(events)
    .where(events.c.run == bindparam("of_run"), events.c.number > bindparam("since"))
    .order_by(events.c.number)
)
_REQUESTS = (
    select(events)
    .join(runs, runs.c.id == events.c.run)
    .where(runs.c.state.in_(_UNFINISHED), events.c.number > bindparam("since"))
    .where(events.c.kind.in_(bindparam("kinds", expanding=True)))
    .order_by(events.c.number)
)
_LAST_EVENT = select(func.max(events.c.number))


class History(Part):
    """The runs that were asked for and what became of them."""

    def run(self, run_id: str) -> Run:
        """Return a run as it stands. Raises ``RunNotFound``."""
        found = self._runs(_RUN, of_run=run_id)
        if not found:
            raise RunNotFound(
                f"no run {run_id} in the ledger {self.database.path}",
                hint="slackwater runs list",
            )
        return found[0]

    def runs(
        self,
        *,
        unfinished: bool = False,
        labels: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[Run, ...]:
        """Return runs, newest first: all, those not ended, those that carry all these labels."""
        query = _RUNS
        if unfinished:
            query = query.where(runs.c.state.in_(_UNFINISHED))
        if not labels:
            return self._runs(query if limit is None else query.limit(limit))
        wanted = labels.items()
        return tuple(run for run in self._runs(query) if wanted <= run.labels.items())[:limit]

    def events(self, run_id: str, since: int = 0) -> tuple[Event, ...]:
        """Return the events of a run after number ``since``, in order."""
        return self._events(_EVENTS, of_run=run_id, since=since)

    def requests(self, kinds: Iterable[str], since: int = 0) -> tuple[Event, ...]:
        """Return the events of some kinds after number ``since``, of runs that have not ended."""
        return self._events(_REQUESTS, kinds=list(kinds), since=since)

    def last_event(self) -> int:
        """Return the number of the newest event; 0 where there is none."""
        with self.database.read() as connection:
            return connection.execute(_LAST_EVENT).scalar() or 0

    def _events(self, query: Select[tuple[object, ...]], **given: object) -> tuple[Event, ...]:
        with self.database.read() as connection:
            return tuple(event_of(row) for row in connection.execute(query, given))

    def _runs(self, query: Select[tuple[object, ...]], **given: object) -> tuple[Run, ...]:
        with self.database.read() as connection:
            found = connection.execute(query, given).all()
            records = _records(connection, [str(row.id) for row in found])
        return tuple(_run(row, records[row.id]) for row in found)


def _records(connection: Connection, ids: list[str]) -> dict[str, list[StepRecord]]:
    found: dict[str, list[StepRecord]] = defaultdict(list)
    for start in range(0, len(ids), 500):
        for row in connection.execute(_STEPS, {"of_runs": ids[start : start + 500]}):
            found[row.run].append(_record(row.definition, row.record))
    return found


def _record(definition: str, record: str) -> StepRecord:
    return StepRecord.model_validate({"step": json.loads(definition), **json.loads(record)})


def _run(row: AnyRow, records: list[StepRecord]) -> Run:
    plain = ("id", "kind", "title", "state", "asked", "began", "ended", "cancelling", "message")
    values = {name: getattr(row, name) for name in plain}
    values |= {"labels": json.loads(row.labels), "pins": json.loads(row.pins)}
    return Run.model_validate({**values, "steps": records})


def event_of(row: AnyRow) -> Event:
    """Make an event of its row."""
    values = {name: getattr(row, name) for name in ("number", "run", "at", "kind", "step")}
    return Event.model_validate({**values, "data": json.loads(row.data)})
