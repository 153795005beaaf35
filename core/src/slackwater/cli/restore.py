"""``slackwater restore``: execute a saved plan, after consent to exactly this plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slackwater.cli.asking import ask_for
from slackwater.cli.opening import opened

if TYPE_CHECKING:
    from slackwater.model.restore_plan import RestorePlan


@click.command()
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--confirm", metavar="DIGEST", help="Consent, where nobody can be asked.")
@click.option("--yes", is_flag=True, hidden=True)
@click.option("--again", is_flag=True, help="Make a new run of a plan that was begun before.")
@click.pass_context
def restore(ctx: click.Context, plan: Path, confirm: str | None, yes: bool, again: bool) -> int:
    """Execute a plan that slackwater plan --save wrote.

    Asks for the plan's digest; --confirm DIGEST answers where nobody can be asked. Nothing outside
    the plan is done. Refused where the world is not what the plan rests on (exit 6).
    """
    from slackwater.cli.plan_file import read_plan
    from slackwater.cli.plan_screen import show_plan
    from slackwater.cli.progress import drive

    if yes:
        raise click.UsageError("--yes says too little: consent to one plan with --confirm DIGEST")
    made = read_plan(plan)
    with opened(ctx) as fleet:
        if confirm is None:
            show_plan(made, fleet.clock())
            confirm = _ask(made)
        if confirm is None:
            click.echo("Declined. Nothing was changed.", err=True)
            return 130
        return drive(fleet.restore(made, confirm=confirm, again=again))


def _ask(plan: RestorePlan) -> str | None:
    """Ask for the digest. None where the person wants to leave."""
    from slackwater.cli.plan_screen import consent_summary, who
    from slackwater.errors import BlockedByFinding

    if plan.blocked:
        raise BlockedByFinding(plan.why_blocked, hint="see what is in the way, and plan again")
    click.echo()
    for pin in plan.pins:
        click.echo(f"Target  {pin.cluster}  {pin.url}  ({who(pin)})")
    for line in consent_summary(plan):
        click.echo(line)
    return ask_for(plan.digest)
