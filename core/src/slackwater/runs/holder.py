"""The one that executes: a loop over all unfinished runs of the ledger.

Threads do things and tell what they saw (``effects``); this loop alone decides and writes. What
becomes of a step is in ``transition``, what may come next in ``graph``; here is only the order:
write the intent, do it, hear what came of it, write that.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from slackwater.model.act import ActKind
from slackwater.model.run import Event, Run, RunState, StepRecord
from slackwater.runs.effects import Broken, Described, Effects, Looked, News, Told, Watched
from slackwater.runs.events import EventKind
from slackwater.runs.graph import ready, settle
from slackwater.runs.journal import Journal
from slackwater.runs.limits import Admission, BackendKey, key_of
from slackwater.runs.observation import (
    Confirmed,
    Failed,
    Observation,
    Started,
    Stopped,
    Stumbled,
    Vanished,
)
from slackwater.runs.pace import LookPace, StepPace
from slackwater.runs.reporting import StopReason
from slackwater.runs.timing import Timing
from slackwater.runs.transition import after, begin, give_up
from slackwater.runs.world import World


class Holder:
    """Drives until one run stands still. Made anew each time the lock is taken."""

    def __init__(
        self,
        journal: Journal,
        world: World,
        clock: Callable[[], datetime],
        timing: Timing,
        leaving: threading.Event,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._timing = timing
        self._leaving = leaving
        # No SimpleQueue: where what woke its ``get`` is gone and the time is over too, it waits for
        # ever (CPython 3.11.7: the time that is left, less than none, counts as no limit).
        self._news: queue.Queue[News] = queue.Queue()
        self._effects = Effects(world, journal.ledger, clock, timing, self._news.put)
        self._runs: dict[str, Run] = {}
        self._paces: defaultdict[tuple[str, str], StepPace] = defaultdict(StepPace)
        self._looks: dict[BackendKey, LookPace] = {}
        self._limits: dict[BackendKey, dict[str, int] | None] = {}
        self._describe_at: dict[BackendKey, float] = {}
        self._heard = 0
        self._hear_at = 0.0

    def drive(self, run_id: str) -> None:
        """Drive everything until this run has ended or waits for a person, or ``leaving`` is set.

        Leaves in order: acts in flight are asked to stop and waited for, what they have told by
        then is written. An act that left in the middle is repeated, by its key, by the next one.
        """
        try:
            self._adopt()
            while not self._leaving.is_set() and not self._stands_still(run_id):
                self._act()
                self._listen()
                self._hear()
        finally:
            self._leave()

    def _adopt(self) -> None:
        for run in reversed(self._journal.ledger.runs(unfinished=True)):
            self._keep(run, settle(run, self._clock()))
        self._hear()

    def _stands_still(self, run_id: str) -> bool:
        run = self._runs.get(run_id)
        return run is None or run.state is RunState.WAITING

    def _leave(self) -> None:
        for pace in self._paces.values():
            if pace.report is not None:
                pace.report.stop(StopReason.LEFT)
        self._effects.close()
        self._take_in(self._waiting_news())

    # What to do next.

    def _act(self) -> None:
        running = [r.step for _, r in self._records() if r.state is RunState.RUNNING]
        admission = Admission(running, self._limits)
        for run in list(self._runs.values()):
            self._stop_cancelled(run)
            self._begin(run, admission)
        self._look()

    def _begin(self, run: Run, admission: Admission) -> None:
        now = self._clock()
        begun = {r.step.id: begin(r, now) for r in self._due(run, admission)}
        changed = {**begun, **{r.step.id: give_up(r, now) for r in self._idle_cancelled(run)}}
        if not changed:
            return
        run = self._keep(run, settle(_with(run, changed), now))
        for record in begun.values():
            self._launch(run, record)

    def _due(self, run: Run, admission: Admission) -> Iterator[StepRecord]:
        """Yield what is to be tried now: what is half done first, then what may begin."""
        for record in self._idle(run):
            if record.ref is None and not _cancelled(run, record):
                yield record
        for record in ready(run):
            rested = self._rested(run, record) and self._knows_limits(record)
            if rested and admission.admit(record.step):
                yield record

    def _idle_cancelled(self, run: Run) -> Iterator[StepRecord]:
        return (r for r in self._idle(run) if r.ref is None and _cancelled(run, r))

    def _idle(self, run: Run) -> Iterator[StepRecord]:
        """Yield running steps that no thread of this process is at work on."""
        for record in run.steps:
            if record.state is RunState.RUNNING and self._rested(run, record):
                yield record

    def _rested(self, run: Run, record: StepRecord) -> bool:
        pace = self._paces[run.id, record.step.id]
        return not pace.busy and (pace.due <= time.monotonic() or _cancelled(run, record))

    def _knows_limits(self, record: StepRecord) -> bool:
        backend = key_of(record.step)
        if not record.step.act.limit:
            return True
        if self._describe_at.get(backend, 0.0) <= time.monotonic():
            self._describe_at[backend] = float("inf")
            self._effects.describe(backend)
        return backend in self._limits

    def _launch(self, run: Run, record: StepRecord) -> None:
        pace = self._paces[run.id, record.step.id]
        pace.busy = True
        if record.step.act.kind is ActKind.OPERATED:
            self._effects.start(run, record)
        else:
            pace.report = self._effects.perform(run, record)

    def _stop_cancelled(self, run: Run) -> None:
        for record in run.steps:
            pace = self._paces[run.id, record.step.id]
            running = record.state is RunState.RUNNING
            if not running or not _cancelled(run, record) or pace.asked_to_stop:
                continue
            if record.ref is not None:
                self._effects.cancel(record.ref)
                pace.asked_to_stop = True
            elif pace.report is not None:
                pace.report.stop(StopReason.CANCELLED)
                pace.asked_to_stop = True

    def _look(self) -> None:
        now = time.monotonic()
        watched: defaultdict[BackendKey, list[Watched]] = defaultdict(list)
        for run, record in self._records():
            if record.state is RunState.RUNNING and record.ref is not None:
                watched[key_of(record.step)].append((run, record))
        self._looks = {backend: self._looks.get(backend, LookPace()) for backend in watched}
        for backend, items in watched.items():
            look = self._looks[backend]
            if not look.busy and look.due <= now:
                look.begin([record for _, record in items], self._timing)
                self._effects.look(backend, items)

    # What has come of it.

    def _listen(self) -> None:
        """Wait for news, but not past the next thing that is due."""
        try:
            first = self._news.get(timeout=self._nap())
        except queue.Empty:
            return
        self._take_in([first, *self._waiting_news()])

    def _nap(self) -> float:
        now = time.monotonic()
        dues = [look.due for look in self._looks.values() if not look.busy]
        dues += [pace.due for pace in self._paces.values() if not pace.busy and pace.due > now]
        return max(0.001, min([*dues, self._hear_at], default=now) - now)

    def _waiting_news(self) -> Iterator[News]:
        while not self._news.empty():
            yield self._news.get_nowait()

    def _take_in(self, news: Iterable[News]) -> None:
        told: defaultdict[str, list[Told]] = defaultdict(list)
        for item in news:
            match item:
                case Told():
                    told[item.run].append(item)
                case Looked():
                    for one in item.told:
                        told[one.run].append(one)
                    if look := self._looks.get(item.backend):
                        look.end(time.monotonic())
                case Described():
                    self._limits[item.backend] = item.limits
                    if item.limits is None:
                        again = time.monotonic() + self._timing.again_longest
                        self._describe_at[item.backend] = again
                case Broken():
                    raise item.error
        for run_id, items in told.items():
            self._apply(run_id, items)

    def _apply(self, run_id: str, told: Iterable[Told]) -> None:
        run = self._runs.get(run_id)
        if run is None:
            return
        now = self._clock()
        records = {record.step.id: record for record in run.steps}
        for item in told:
            record = records[item.step]
            seen = self._paced(run_id, record, item)
            if seen is not None:
                records[item.step] = after(record, seen, now, self._timing)
                if records[item.step].generation > record.generation:
                    wait = self._timing.before(records[item.step].generation)
                    self._paces[run_id, item.step].due = time.monotonic() + wait
        self._keep(run, settle(_with(run, records), now))

    def _paced(self, run_id: str, record: StepRecord, told: Told) -> Observation | None:
        """Remember when to try again; turn what has gone on for too long into a failure."""
        pace, now, seen = self._paces[run_id, told.step], time.monotonic(), told.seen
        if told.last:
            pace.busy = False
            pace.report = None
        if isinstance(seen, Vanished):
            if not record.tool_phase and not pace.missing_too_long(now, self._timing):
                return None
            # A tool takes back what it had not begun by removing it: it is not failed.
            return Stopped("gone, as the run was cancelled") if pace.asked_to_stop else seen
        if isinstance(seen, Started):
            pace.missing_since = None
            if look := self._looks.get(key_of(record.step)):
                look.due = min(look.due, now + self._timing.poll_first)
        pace.note(seen, now, self._timing)
        if isinstance(seen, Stumbled) and pace.out_of_patience(now, self._timing):
            return Failed(f"{seen.message}; given up after {self._timing.patience:.0f} s")
        return seen

    def _hear(self) -> None:
        """Read what other processes, and this one, have asked since the last time."""
        if time.monotonic() < self._hear_at:
            return
        for event in self._journal.requests(self._heard):
            self._heard = event.number
            self._heed(event)
        self._hear_at = time.monotonic() + self._timing.follow

    def _heed(self, event: Event) -> None:
        run = self._runs.get(event.run)
        if run is None:
            run = self._journal.ledger.run(event.run)
            self._keep(run, settle(run, self._clock()))
            return
        if event.kind == EventKind.CANCEL_ASKED and not run.cancelling:
            cancelling = run.model_copy(update={"cancelling": True})
            self._keep(run, settle(cancelling, self._clock()))
        if event.kind == EventKind.CONFIRMED and _waits(run, event.step):
            self._apply(run.id, [Told(run.id, event.step, Confirmed(str(event.data["who"])))])

    # What is remembered.

    def _keep(self, before: Run, now: Run) -> Run:
        """Write a run, then remember it as written; forget it once it has ended."""
        self._journal.save(before, now)
        self._runs[now.id] = now
        if now.state.ended:
            del self._runs[now.id]
            for record in now.steps:
                self._paces.pop((now.id, record.step.id), None)
        return now

    def _records(self) -> Iterator[Watched]:
        for run in self._runs.values():
            for record in run.steps:
                yield run, record


def _with(run: Run, records: dict[str, StepRecord]) -> Run:
    steps = tuple(records.get(record.step.id, record) for record in run.steps)
    return run.model_copy(update={"steps": steps})


def _cancelled(run: Run, record: StepRecord) -> bool:
    """Whether the step is to stop: clean-up is what a cancelled run still does."""
    return run.cancelling and not record.step.act.always


def _waits(run: Run, step_id: str) -> bool:
    return any(r.step.id == step_id and r.state is RunState.WAITING for r in run.steps)
