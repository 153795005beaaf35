"""How a run is made durable: the only place that writes runs, steps and events.

Two rules make a killed process harmless. A try is recorded before its effect, so whoever drives
the run next knows that it may have happened and repeats it under the same key. And everything
that is learnt at once is written at once: steps, the state of the run, the events that tell it.

Only the process that holds the lock calls ``save``. The others ask (``submit``, ``ask_cancel``,
``confirm``), and what they ask is an event that the holder reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from slackwater.errors import RunError, TargetBusy
from slackwater.ledger import Ledger
from slackwater.ledger.history import event_of
from slackwater.ledger.schema import event as events
from slackwater.ledger.schema import run as runs
from slackwater.ledger.schema import step as steps
from slackwater.model.run import Event, Run, RunRequest, RunState, StepRecord
from slackwater.runs.events import REQUESTS, Change, EventKind, changes
from slackwater.runs.graph import check_graph, overlap


class Journal:
    """Runs in the ledger. ``observe`` is told each event after it was written."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Callable[[], datetime],
        observe: Callable[[Event], None],
    ) -> None:
        self.ledger = ledger
        self._clock = clock
        self._observe = observe

    def submit(self, request: RunRequest) -> bool:
        """Insert a run; False where it is there already. Raises ``TargetBusy``."""
        check_graph(request)
        now = self._clock()
        with self.ledger.database.write() as connection:
            if connection.execute(select(runs.c.id).where(runs.c.id == request.id)).first():
                return False
            self._refuse_busy(connection, request)
            connection.execute(insert(runs), _row_of_request(request, now))
            if request.steps:
                connection.execute(insert(steps), _rows_of_steps(request))
            asked = Change(
                EventKind.ASKED, "", {"title": request.title, "kind": request.kind.value}
            )
            told = _write_events(connection, request.id, now, [asked])
        self._tell(told)
        return True

    def save(self, before: Run, after: Run) -> None:
        """Write all that changed, and the events that tell it, in one transaction."""
        if before == after:
            return
        now = self._clock()
        with self.ledger.database.write() as connection:
            if rows := _changed_rows(before, after):
                connection.execute(_UPDATE_STEP, rows)
            connection.execute(_UPDATE_RUN, _row_of_run(after))
            told = _write_events(connection, after.id, now, changes(before, after))
        self._tell(told)

    def ask_cancel(self, run_id: str) -> None:
        """Record that the run is to stop. Raises ``RunError`` where it has ended."""
        self._ask(run_id, Change(EventKind.CANCEL_ASKED, "", {}))

    def confirm(self, run_id: str, step_id: str, who: str) -> None:
        """Record that a person did what the step asked. Raises ``RunError`` if it asks nothing."""
        waiting = [r.step.id for r in self.ledger.run(run_id).steps if r.state is RunState.WAITING]
        if step_id not in waiting:
            said = f"waiting for a person: {', '.join(waiting) or 'no step'}"
            raise RunError(
                f"step {step_id} of run {run_id} waits for nobody ({said})",
                hint=f"slackwater runs show {run_id}",
            )
        self._ask(run_id, Change(EventKind.CONFIRMED, step_id, {"who": who}))

    def requests(self, since: int = 0) -> tuple[Event, ...]:
        """Return what was asked after event ``since``, of runs that have not ended."""
        return self.ledger.requests((kind.value for kind in REQUESTS), since)

    def _ask(self, run_id: str, change: Change) -> None:
        now = self._clock()
        with self.ledger.database.write() as connection:
            state = connection.execute(select(runs.c.state).where(runs.c.id == run_id)).scalar()
            if state is None or RunState(state).ended:
                raise RunError(
                    f"run {run_id} has ended: {state}", hint=f"slackwater runs show {run_id}"
                )
            if change.kind is EventKind.CANCEL_ASKED:
                connection.execute(update(runs).where(runs.c.id == run_id).values(cancelling=True))
            told = _write_events(connection, run_id, now, [change])
        self._tell(told)

    def _refuse_busy(self, connection: Connection, request: RunRequest) -> None:
        ours = {place for step in request.steps for place in step.writes}
        if not ours:
            return
        query = select(steps.c.run, steps.c.definition).join(runs, runs.c.id == steps.c.run)
        unfinished = [state.value for state in RunState if not state.ended]
        for row in connection.execute(query.where(runs.c.state.in_(unfinished))):
            if place := overlap(ours, json.loads(row.definition)["writes"]):
                raise TargetBusy(
                    f"run {row.run} is writing into {place}; nothing was begun",
                    hint=f"wait for it (slackwater runs follow {row.run}), or cancel it",
                )

    def _tell(self, told: Iterable[Event]) -> None:
        for event in told:
            self._observe(event)


# Made once: to make a statement takes longer than to run it.
_UPDATE_RUN = update(runs).where(runs.c.id == bindparam("of_run"))
_UPDATE_STEP = update(steps).where(
    steps.c.run == bindparam("of_run"), steps.c.id == bindparam("of_step")
)

_INSERT_EVENTS = insert(events)
_LAST_EVENTS = (
    select(events)
    .where(events.c.run == bindparam("of_run"))
    .order_by(events.c.number.desc())
    .limit(bindparam("count"))
)


def _changed_rows(before: Run, after: Run) -> list[dict[str, object]]:
    return [
        {"of_run": after.id, "of_step": new.step.id, **_row_of_record(new)}
        for old, new in zip(before.steps, after.steps, strict=True)
        if old is not new and old != new
    ]


def _write_events(
    connection: Connection, run_id: str, now: datetime, new: Iterable[Change]
) -> list[Event]:
    """Write events and return them with their numbers: inside a transaction they are the last."""
    rows = [
        {"run": run_id, "at": now, "kind": kind.value, "step": step, "data": json.dumps(data)}
        for kind, step, data in new
    ]
    if not rows:
        return []
    connection.execute(_INSERT_EVENTS, rows)
    written = connection.execute(_LAST_EVENTS, {"of_run": run_id, "count": len(rows)})
    return [event_of(row) for row in reversed(written.all())]


def _row_of_run(run: Run) -> dict[str, object]:
    return {
        "of_run": run.id,
        "state": run.state.value,
        "began": run.began,
        "ended": run.ended,
        "message": run.message,
    }


def _row_of_request(request: RunRequest, now: datetime) -> dict[str, object]:
    return {
        "id": request.id,
        "kind": request.kind.value,
        "title": request.title,
        "state": RunState.PENDING.value,
        "asked": now,
        "labels": json.dumps(dict(request.labels)),
        "pins": json.dumps([pin.model_dump(mode="json") for pin in request.pins]),
    }


def _rows_of_steps(request: RunRequest) -> list[dict[str, object]]:
    return [
        {
            "run": request.id,
            "id": step.id,
            "position": position,
            "cluster": step.cluster,
            "tool": step.tool,
            "act": step.act.id,
            "definition": step.model_dump_json(),
            **_row_of_record(StepRecord(step=step)),
        }
        for position, step in enumerate(request.steps)
    ]


def _row_of_record(record: StepRecord) -> dict[str, object]:
    return {
        "state": record.state.value,
        "began": record.began,
        "ended": record.ended,
        "record": record.model_dump_json(exclude={"step"}),
    }
