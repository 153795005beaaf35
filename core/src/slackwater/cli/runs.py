"""``slackwater runs``: what was asked and done, from any terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from slackwater.cli.opening import opened
from slackwater.cli.output import at, output_option

if TYPE_CHECKING:
    from slackwater.model.run import Run, StepRecord

_COLUMNS = ("run", "kind", "asked", "state", "title")


@click.group()
def runs() -> None:
    """List, show, follow, resume, cancel and confirm runs."""


@runs.command(name="list")
@click.option("--limit", default=20, show_default=True, help="The newest so many.")
@output_option
@click.pass_context
def list_runs(ctx: click.Context, limit: int, output: str) -> None:
    """List runs, newest first."""
    from slackwater.cli.output import print_data, print_rows, say

    with opened(ctx) as fleet:
        found = fleet.runs(limit=limit)
        place = fleet.ledger.path
    if output in ("json", "yaml"):
        print_data([run.model_dump(mode="json") for run in found], output)
    elif output == "name":
        for run in found:
            click.echo(run.id)
    elif found:
        print_rows([_row(run) for run in found], _COLUMNS, wide=output == "wide")
    else:
        say(f"No runs in {place}. slackwater backup POLICY makes one.")


def _row(run: Run) -> dict[str, str]:
    values = (run.id, run.kind.value, at(run.asked), run.state.value, run.title)
    return dict(zip(_COLUMNS, values, strict=True))


@runs.command()
@click.argument("run")
@output_option
@click.pass_context
def show(ctx: click.Context, run: str, output: str) -> int:
    """Show a run: its steps, and of a failed one the tool's own errors and where to look."""
    from slackwater.cli.output import print_data
    from slackwater.cli.progress import conclude

    with opened(ctx) as fleet:
        found = fleet.run(run).now
    if output in ("json", "yaml"):
        print_data(found.model_dump(mode="json"), output)
        return 0
    if output == "name":
        click.echo(found.id)
        return 0
    _print(found)
    conclude(found)
    return 0


def _print(run: Run) -> None:
    from slackwater.cli.progress import SIGNS, detail

    click.echo(f"{run.id}  {run.title}")
    click.echo(f"asked {at(run.asked)}, began {at(run.began)}, ended {at(run.ended)}")
    for key, value in run.labels.items():
        click.echo(f"{key}: {value}")
    for record in run.steps:
        line = f" {SIGNS[record.state]} {record.step.id:>3} {record.step.act.title}"
        click.echo(f"{line}  {detail(record)}".rstrip())
        _print_explanation(record)


def _print_explanation(record: StepRecord) -> None:
    """Print what the tool itself said of a step that did not end well."""
    told = record.result.get("explanation")
    if not isinstance(told, Mapping):
        return
    for error in told.get("errors") or ():
        click.echo(f"       {error}")
    for line in told.get("log_tail") or ():
        click.echo(f"       | {line}")
    if told.get("native_command"):
        click.echo(f"       look further: {told['native_command']}")


@runs.command()
@click.argument("run")
@click.pass_context
def follow(ctx: click.Context, run: str) -> int:
    """Watch a run that another process drives, until it ends. Exits with the run's code."""
    from slackwater.cli.progress import drive

    with opened(ctx) as fleet:
        return drive(fleet.run(run), only_watch=True)


@runs.command()
@click.argument("run")
@click.pass_context
def resume(ctx: click.Context, run: str) -> int:
    """Go on with a run that nobody drives any more. What had begun is found again."""
    from slackwater.cli.progress import drive

    with opened(ctx) as fleet:
        return drive(fleet.run(run))


@runs.command()
@click.argument("run")
@click.pass_context
def cancel(ctx: click.Context, run: str) -> int:
    """Stop a run: nothing more is started, clean-up still is (exit 130)."""
    from slackwater.cli.progress import conclude

    with opened(ctx) as fleet:
        return conclude(fleet.run(run).cancel())


@runs.command()
@click.argument("run")
@click.argument("step")
@click.pass_context
def confirm(ctx: click.Context, run: str, step: str) -> int:
    """Say that you have done what a step asks for, and go on with the run."""
    from slackwater.cli.progress import drive

    with opened(ctx) as fleet:
        handle = fleet.run(run)
        handle.confirm(step)
        return drive(handle)
