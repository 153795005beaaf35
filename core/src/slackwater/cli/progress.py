"""Shows a run while it goes: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from slackwater.cli.output import console, print_findings, say

if TYPE_CHECKING:
    from rich.table import Table

    from slackwater.client import RunHandle
    from slackwater.model.run import Event, Run, StepRecord

SIGNS = {
    "pending": "·",
    "running": "▸",
    "waiting for a person": "?",
    "succeeded": "✓",
    "partial": "!",
    "failed": "✗",
    "cancelled": "■",
    "skipped": "-",
}
_CODES = {"succeeded": 0, "partial": 4, "failed": 5, "cancelled": 130, "waiting for a person": 7}


def drive(handle: RunHandle, *, only_watch: bool = False) -> int:
    """Drive a run, or only watch it, and show it until it ends. Returns the exit code."""
    run = handle.now
    say(f"run {run.id}  {run.title}")
    try:
        if sys.stderr.isatty():
            _live(handle, only_watch=only_watch)
        else:
            _lines(handle, only_watch=only_watch)
    except KeyboardInterrupt:
        say("", f"Stopped driving {run.id}; what has begun goes on.", *_ways_on(run.id))
        return 130
    code = conclude(handle.now)
    if code in (4, 5):
        say(f"→ slackwater runs show {run.id}")
    return code


def conclude(run: Run) -> int:
    """Say how a run ended, with the reasons where it did not end well. Returns the exit code."""
    took = ""
    if run.began and run.ended:
        from slackwater.model.wording import in_words

        took = f" after {in_words(run.ended - run.began)}"
    print_findings([f for f in run.findings if f.severity.rank], stderr=True)
    for record in run.steps:
        if record.state.value in ("failed", "waiting for a person"):
            say(f"{SIGNS[record.state]} step {record.step.id} {_what(record)}")
            say(*(f"  {line}" for line in _instructions(record, run)))
    say(f"run {run.id} {run.state}{took}")
    if run.state.value == "waiting for a person":
        say(*_ways_on(run.id))
    return _CODES.get(run.state.value, 0)


def _ways_on(run_id: str) -> tuple[str, ...]:
    return (f"slackwater runs resume {run_id} · slackwater runs cancel {run_id}",)


def _instructions(record: StepRecord, run: Run) -> list[str]:
    """Return what a person is to do, and how to say that it is done."""
    if record.state.value != "waiting for a person":
        return []
    done = f"→ then: slackwater runs confirm {run.id} {record.step.id}"
    return [*record.step.act.instructions.splitlines(), done]


def _lines(handle: RunHandle, *, only_watch: bool) -> None:
    """Print a line for each step that begins, is tried again or ends.

    An operated one begins with its operation.
    """
    operated = {r.step.id for r in handle.now.steps if r.step.act.kind.value == "operated"}
    shown: dict[str, tuple[object, ...]] = {}
    for event in handle.follow(drive=not only_watch):
        facts = tuple(event.data.get(key) for key in ("state", "generation", "ref", "message"))
        mute = facts[0] == "running" and not facts[3]
        nameless = mute and not facts[2] and event.step in operated
        earlier = shown.get(event.step, ())
        told = earlier[:3] == facts[:3] if mute else earlier == facts
        if event.kind == "step" and not nameless and not told:
            shown[event.step] = facts
            say(_event_line(event))


def _event_line(event: Event) -> str:
    data = event.data
    state = str(data.get("state", ""))
    more = " ".join(str(data[key]) for key in ("ref", "message") if data.get(key))
    word = "" if state == "succeeded" else f"{state}  "
    head = f" {SIGNS.get(state, ' ')} {event.step:>3} {data.get('title', '')}"
    return f"{head}  {word}{more}".rstrip()


def _live(handle: RunHandle, *, only_watch: bool) -> None:
    """Keep a table of the steps up to date."""
    from rich.live import Live

    picture = _Picture(handle)
    with Live(picture, console=console(stderr=True), refresh_per_second=4):
        for _ in handle.follow(drive=not only_watch):
            picture.run = handle.now
        picture.run = handle.now


class _Picture:
    """The table of a run's steps, drawn anew as often as the screen wants: time goes on."""

    def __init__(self, handle: RunHandle) -> None:
        self.run = handle.now
        self._clock = handle.ledger.clock

    def __rich__(self) -> Table:
        return _table(self.run, self._clock())


def _table(run: Run, now: datetime) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, show_edge=False)
    for _ in range(4):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for record in run.steps:
        said = detail(record) or _waits(record, run)
        cells = (SIGNS[record.state], record.step.id, record.step.act.title, said)
        table.add_row(*(Text(cell) for cell in cells))
    if not run.state.ended:
        table.add_row("", "", Text(f"{run.state} for {_since(run, now)}{_left(run)}"), "")
        table.add_row("", "", Text("Ctrl-C stops driving it, not what has begun"), "")
        table.add_row("", "", Text(_ways_on(run.id)[0]), "")
    return table


def _since(run: Run, now: datetime) -> str:
    from slackwater.model.wording import in_words

    return in_words(now - (run.began or run.asked))


def _waits(record: StepRecord, run: Run) -> str:
    """Say what a step waits for that has not begun."""
    open_steps = {r.step.id for r in run.steps if not r.state.ended}
    needs = [need for need in record.step.needs if need in open_steps]
    return f"waits for {', '.join(needs)}" if needs and record.state.value == "pending" else ""


def _left(run: Run) -> str:
    """Say how long it may still take, from history."""
    from slackwater.model.wording import in_words

    waiting = [r for r in run.steps if not r.state.ended]
    known = [r.step.expected for r in waiting if r.step.expected is not None]
    if not waiting or not known:
        return "" if not waiting else ", no history yet"
    return f", about {in_words(timedelta(seconds=sum(known)))} left"


def detail(record: StepRecord) -> str:
    """Return what is to be said of a step now: how far, how long it took, why it failed."""
    from slackwater.model.wording import in_words

    parts = []
    if record.state.value == "running":
        parts += [record.tool_phase, str(record.progress) if record.progress else ""]
        parts += [str(record.ref) if record.ref else ""]
    if record.state.ended and record.began and record.ended:
        parts.append(in_words(record.ended - record.began))
    if record.state.value != "succeeded":
        parts.append(record.message)
    if record.generation > 1:
        parts.append(f"try {record.generation}")
    return "  ".join(part for part in parts if part)


def _what(record: StepRecord) -> str:
    title = record.step.act.title
    return f"{title}: {record.message}" if record.message else title
