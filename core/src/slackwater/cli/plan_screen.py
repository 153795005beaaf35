"""Shows a restore plan: the moment, the losses, the steps, what is in the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from slackwater.cli.output import count, plain_table, print_table, tally, zone

if TYPE_CHECKING:
    from slackwater.model.finding import Finding
    from slackwater.model.restore_plan import Choice, RestorePlan


def show_plan(plan: RestorePlan, now: datetime) -> None:
    """Print a plan for a person."""
    from slackwater.cli.step_tree import print_steps

    click.echo(moment_line(plan, now))
    if plan.choices:
        click.echo()
        _print_choices(plan)
    if plan.steps:
        click.echo()
        print_steps(plan)
    click.echo()
    _print_findings(plan)


def moment_line(plan: RestorePlan, now: datetime) -> str:
    """Say which moment is meant, in the zone in which it was written, and in UTC."""
    from slackwater.model.wording import in_words

    local = plan.moment.astimezone(_zone(plan.zone))
    utc = "" if local.utcoffset() == timedelta(0) else f" ({plan.moment:%H:%M:%S}Z)"
    line = f"Moment  {local:%Y-%m-%d %H:%M:%S} {plan.zone}{utc}, {in_words(now - plan.moment)} ago"
    about = [f'from the mark "{plan.mark}"'] if plan.mark else []
    if plan.spread is not None:
        about.append(f"spread {in_words(timedelta(seconds=plan.spread))}")
    return f"{line}      {', '.join(about)}".rstrip()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        return zone()  # the moment was written with an offset, which is no zone's name


def _print_choices(plan: RestorePlan) -> None:
    from rich.text import Text

    columns = ("workload", "goes to", "tool", "recovery point", "taken", "loses", "holds")
    table = plain_table(columns, wide=True)
    for choice in plan.choices:
        table.add_row(*(Text(cell) for cell in _cells(choice, plan)))
    print_table(table, wide=True)


def _cells(choice: Choice, plan: RestorePlan) -> tuple[str, ...]:
    from slackwater.cli.points import holds
    from slackwater.model.wording import in_words

    point, meant = choice.point, _zone(plan.zone)
    taken = point.begin.astimezone(meant) if point.begin else None
    near = taken is not None and taken.date() == plan.moment.astimezone(meant).date()
    gaps = "".join(f"   ✗ {gap}" for gap in choice.gaps)
    return (
        str(choice.workload),
        str(choice.target),
        point.id.tool,
        point.name,
        f"{taken:{'%H:%M:%S' if near else '%m-%d %H:%M:%S'}}" if taken else "-",
        in_words(choice.loses),
        holds(point, choice.workload.namespace) + gaps,
    )


def _print_findings(plan: RestorePlan) -> None:
    from slackwater.cli.output import print_findings

    print_findings(plan.findings)
    blocking = [finding for finding in plan.findings if finding.blocks]
    if blocking:
        click.echo(f"Blocked by {_what_blocks(blocking, plan)}")
    else:
        click.echo(tally(plan.findings) or "Nothing stands in the way.")


def _what_blocks(blocking: list[Finding], plan: RestorePlan) -> str:
    """Say how much blocks, and at which steps: ``1 conflict (step 4)``."""
    places = {finding.subject for finding in blocking}
    steps = [step.id for step in plan.steps if places & set(step.writes)]
    kind = "conflict" if all(finding.code == "exists" for finding in blocking) else "finding"
    where = f" (step {', '.join(steps)})" if steps else ""
    return count(len(blocking), kind) + where
