"""Runs, steps and events, as they are read. They are written by ``slackwater.runs`` only."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, Row, Select, func, select

from slackwater.errors import RunNotFound
from slackwater.ledger.part import Part
from slackwater.ledger.schema import event as events
from slackwater.ledger.schema import run as runs
from slackwater.ledger.schema import step as steps
from slackwater.model.run import Event, Run, RunState, StepRecord

_UNFINISHED = tuple(state.value for state in RunState if not state.ended)
AnyRow = Row[tuple[object, ...]]


class History(Part):
    """The runs that were asked for and what became of them."""

    def run(self, run_id: str) -> Run:
        """Return a run as it stands. Raises ``RunNotFound``."""
        found = self._runs(select(runs).where(runs.c.id == run_id))
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
        query = select(runs).order_by(runs.c.asked.desc(), runs.c.id)
        if unfinished:
            query = query.where(runs.c.state.in_(_UNFINISHED))
        if not labels:
            return self._runs(query if limit is None else query.limit(limit))
        wanted = labels.items()
        return tuple(run for run in self._runs(query) if wanted <= run.labels.items())[:limit]

    def events(self, run_id: str, since: int = 0) -> tuple[Event, ...]:
        """Return the events of a run after number ``since``, in order."""
        query = select(events).where(events.c.run == run_id, events.c.number > since)
        return self._events(query)

    def requests(self, kinds: Iterable[str], since: int = 0) -> tuple[Event, ...]:
        """Return the events of some kinds after number ``since``, of runs that have not ended."""
        query = select(events).join(runs, runs.c.id == events.c.run)
        query = query.where(runs.c.state.in_(_UNFINISHED), events.c.kind.in_(tuple(kinds)))
        return self._events(query.where(events.c.number > since))

    def last_event(self) -> int:
        """Return the number of the newest event; 0 where there is none."""
        with self.database.read() as connection:
            return connection.execute(select(func.max(events.c.number))).scalar() or 0

    def _events(self, query: Select[tuple[object, ...]]) -> tuple[Event, ...]:
        with self.database.read() as connection:
            rows = connection.execute(query.order_by(events.c.number))
            return tuple(event_of(row) for row in rows)

    def _runs(self, query: Select[tuple[object, ...]]) -> tuple[Run, ...]:
        with self.database.read() as connection:
            found = connection.execute(query).all()
            records = _records(connection, [str(row.id) for row in found])
        return tuple(_run(row, records[row.id]) for row in found)


def _records(connection: Connection, ids: list[str]) -> dict[str, list[StepRecord]]:
    found: dict[str, list[StepRecord]] = defaultdict(list)
    for start in range(0, len(ids), 500):
        query = select(steps.c.run, steps.c.definition, steps.c.record)
        query = query.where(steps.c.run.in_(ids[start : start + 500]))
        for row in connection.execute(query.order_by(steps.c.run, steps.c.position)):
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
