"""What every command prints with: tables for people, stable shapes for machines.

Data goes to stdout, everything said about it to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from rich.console import Console
    from rich.table import Table

    from slackwater.model.finding import Finding

FORMATS = ("table", "wide", "json", "yaml", "name")
MARKDOWN = "markdown"
_SIGNS = {"info": ("·", "cyan"), "warning": ("!", "yellow"), "error": ("✗", "red")}


def output_option(
    command: Callable[..., Any], formats: Sequence[str] = FORMATS
) -> Callable[..., Any]:
    """Add ``-o`` to a command."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default="table",
        show_default=True,
        help="How to print; json and yaml are stable.",
    )(command)


def output_option_for_tickets(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``-o`` to a command whose answer goes into a change ticket, too."""
    return output_option(command, (*FORMATS, MARKDOWN))


def console(*, stderr: bool = False) -> Console:
    """Return a console that honours ``NO_COLOR`` and the width of the terminal.

    Where nobody looks (a pipe, a file) lines are as long as they need to be.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 200
    return Console(stderr=stderr, highlight=False, width=width, soft_wrap=False, emoji=False)


def zone() -> ZoneInfo:
    """Return the reader's time zone, by its IANA name; UTC where the system names none."""
    from zoneinfo import ZoneInfo

    from tzlocal import get_localzone_name

    return ZoneInfo(get_localzone_name() or "UTC")


def at(time: datetime | None) -> str:
    """Return a time as its reader's clock shows it, to the second."""
    return f"{time.astimezone(zone()):%Y-%m-%d %H:%M:%S}" if time else "-"


def print_json(value: object) -> None:
    """Print plain data as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_data(value: object, output: str) -> None:
    """Print plain data as JSON or YAML."""
    if output == "json":
        print_json(value)
        return
    import yaml

    plain = json.loads(json.dumps(value, default=str))
    click.echo(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120).rstrip())


def print_rows(
    rows: Sequence[Mapping[str, str]], columns: Sequence[str], *, wide: bool = False
) -> None:
    """Print rows as a table. Cut to the terminal, unless ``wide``."""
    from rich.text import Text

    table = plain_table(columns, wide=wide)
    for row in rows:
        table.add_row(*(Text(row.get(column, "")) for column in columns))
    print_table(table, wide=wide)


def print_table(table: Table, *, wide: bool) -> None:
    """Print a table without the blanks that fill up its last column; a wide one is never cut."""
    screen = console()
    if wide:
        screen.width = 10_000
    with screen.capture() as shown:
        screen.print(table, soft_wrap=wide)
    click.echo("\n".join(line.rstrip() for line in shown.get().splitlines()))


def plain_table(columns: Sequence[str], *, wide: bool = False) -> Table:
    """Return an empty table of the house: no lines, headings in capitals."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column.upper(), no_wrap=True, overflow="fold" if wide else "ellipsis")
    return table


def say(*lines: str) -> None:
    """Say something about the data, on stderr."""
    for line in lines:
        click.echo(line, err=True)


def print_findings(findings: Iterable[Finding], *, stderr: bool = False) -> None:
    """Print findings one by one: sign, subject, what was seen, and the way out."""
    from rich.text import Text

    screen = console(stderr=stderr)
    for finding in findings:
        sign, colour = _SIGNS[finding.severity.value]
        who = " ".join(part for part in (finding.cluster, finding.tool) if part)
        line = Text(f"{sign} ", style=colour)
        line.append(f"{who}  " if who and who not in finding.subject else "", style="bold")
        line.append(f"{finding.subject}: {finding.message}")
        screen.print(line, soft_wrap=True)
        if finding.way_out:
            screen.print(Text(f"  → {finding.way_out}"), soft_wrap=True)


def tally(findings: Sequence[Finding]) -> str:
    """Return ``3 errors, 1 warning``; the empty text where there is nothing to count."""
    from slackwater.model.wording import counted

    severities = [finding.severity.value for finding in findings]
    kinds = [kind for kind in ("error", "warning") if kind in severities]
    return ", ".join(counted(severities.count(kind), kind) for kind in kinds)
