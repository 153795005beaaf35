"""Shows a run while it goes: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from slackwater.cli.output import console, print_findings, say

if TYPE_CHECKING:
    from rich.table import Table

    from slackwater.client import RunHandle
    from slackwater.model.run import Event, Run, StepRecord

_SIGNS = {
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
    return conclude(handle.now)


def conclude(run: Run) -> int:
    """Say how a run ended, with the reasons where it did not end well. Returns the exit code."""
    took = ""
    if run.began and run.ended:
        from slackwater.model.wording import in_words

        took = f" after {in_words(run.ended - run.began)}"
    print_findings([f for f in run.findings if f.severity.rank], stderr=True)
    for record in run.steps:
        if record.state.value in ("failed", "waiting for a person"):
            say(f"{_SIGNS[record.state]} step {record.step.id} {_what(record)}")
            say(*(f"  {line}" for line in _instructions(record)))
    say(f"run {run.id} {run.state}{took}")
    if run.state.value in {"failed", "partial"}:
        say(f"→ slackwater runs show {run.id}")
    if run.state.value == "waiting for a person":
        say(*_ways_on(run.id), f"slackwater runs confirm {run.id} STEP")
    return _CODES.get(run.state.value, 0)


def _ways_on(run_id: str) -> tuple[str, ...]:
    return (f"slackwater runs resume {run_id} · slackwater runs cancel {run_id}",)


def _instructions(record: StepRecord) -> list[str]:
    if record.state.value != "waiting for a person":
        return []
    return record.step.act.instructions.splitlines()


def _lines(handle: RunHandle, *, only_watch: bool) -> None:
    """Print a line for each step that begins or ends."""
    shown: dict[str, tuple[object, ...]] = {}
    for event in handle.follow(drive=not only_watch):
        if event.kind != "step":
            continue
        facts = (event.data.get("state"), event.data.get("generation"), event.data.get("ref"))
        if shown.get(event.step) != facts:
            shown[event.step] = facts
            say(_event_line(event))


def _event_line(event: Event) -> str:
    data = event.data
    state = str(data.get("state", ""))
    more = " ".join(str(data[key]) for key in ("ref", "message") if data.get(key))
    word = "" if state == "succeeded" else f"{state}  "
    head = f" {_SIGNS.get(state, ' ')} {event.step:>3} {data.get('title', '')}"
    return f"{head}  {word}{more}".rstrip()


def _live(handle: RunHandle, *, only_watch: bool) -> None:
    """Keep a table of the steps up to date."""
    from rich.live import Live

    screen = console(stderr=True)
    with Live(_table(handle.now), console=screen, refresh_per_second=4, transient=False) as live:
        for _ in handle.follow(drive=not only_watch):
            live.update(_table(handle.now))
        live.update(_table(handle.now))


def _table(run: Run) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, show_header=False, show_edge=False)
    for _ in range(4):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for record in run.steps:
        cells = (_SIGNS[record.state], record.step.id, record.step.act.title, detail(record))
        table.add_row(*(Text(cell) for cell in cells))
    table.add_row("", "", Text(f"{run.state}{_left(run)}", style="bold"), "")
    if not run.state.ended:
        table.add_row("", "", Text(f"Ctrl-C stops driving, not what has begun: {run.id}"), "")
    return table


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
    title = click.style(record.step.act.title, bold=True)
    return f"{title}: {record.message}" if record.message else title
