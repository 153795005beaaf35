"""Shows a restore plan: the moment, the losses, the steps, what is in the way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from slackwater.cli.output import console, count, plain_table, tally, zone

if TYPE_CHECKING:
    from slackwater.model.restore_plan import Choice, RestorePlan
    from slackwater.model.step import Step


def show_plan(plan: RestorePlan, now: datetime) -> None:
    """Print a plan for a person."""
    _print_moment(plan, now)
    click.echo()
    _print_choices(plan)
    click.echo()
    _print_steps(plan)
    if plan.findings:
        click.echo()
        _print_findings(plan)


def _print_moment(plan: RestorePlan, now: datetime) -> None:
    from slackwater.model.wording import in_words

    meant = _zone(plan.zone)
    local = f"{plan.moment.astimezone(meant):%Y-%m-%d %H:%M:%S} {plan.zone}"
    line = f"Moment  {local} ({plan.moment:%H:%M:%S}Z), {in_words(now - plan.moment)} ago"
    if plan.mark:
        line += f'      from the mark "{plan.mark}"'
    if plan.spread is not None:
        spread = in_words(timedelta(seconds=plan.spread))
        line += f"{',' if plan.mark else '      '} spread {spread}"
    click.echo(line)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):
        return zone()  # the moment was written with an offset, which is no zone's name


def _print_choices(plan: RestorePlan) -> None:
    from rich.text import Text

    columns = ("workload", "goes to", "tool", "recovery point", "taken", "loses", "holds")
    table = plain_table(columns, wide=True)
    meant = _zone(plan.zone)
    for choice in plan.choices:
        table.add_row(*(Text(cell) for cell in _cells(choice, meant)))
    console().print(table, soft_wrap=True)


def _cells(choice: Choice, meant: ZoneInfo) -> tuple[str, ...]:
    from slackwater.cli.points import holds
    from slackwater.model.wording import in_words

    point = choice.point
    taken = f"{point.begin.astimezone(meant):%m-%d %H:%M:%S}" if point.begin else "-"
    gaps = "".join(f"   ✗ {gap}" for gap in choice.gaps)
    return (
        str(choice.workload),
        str(choice.target),
        point.id.tool,
        point.name,
        taken,
        in_words(choice.loses),
        holds(point, choice.workload.namespace) + gaps,
    )


def _print_steps(plan: RestorePlan) -> None:
    known = [step.expected for step in plan.steps if step.expected is not None]
    expected = "no history yet"
    if known:
        from slackwater.model.wording import in_words

        expected = f"expected about {in_words(timedelta(seconds=_longest_way(plan.steps)))}"
    click.echo(f"Steps   {expected}")
    for step in plan.steps:
        click.echo(_line(step, plan))


def _line(step: Step, plan: RestorePlan) -> str:
    who = f"{step.tool}: " if step.tool else ""
    where = f" in {step.cluster}" if step.cluster and step.cluster not in step.act.title else ""
    notes = list(step.act.effects)
    if step.act.writes:
        notes.append(_state(step, plan))
    if len(step.needs) > 0 and not step.act.always:
        notes.append(f"after {', '.join(step.needs)}")
    if step.act.always:
        notes.append("always")
    head = f"  {step.id:>3}  {who}{step.act.title}{where}"
    return f"{head:<72}  {'; '.join(notes)}".rstrip()


def _state(step: Step, plan: RestorePlan) -> str:
    standing = {place.place: place for place in plan.standing}
    found = [standing[place] for place in step.writes if place in standing]
    if not any(place.uid for place in found):
        return "nothing there now"
    if not any(place.objects for place in found):
        return "empty now"
    return "stands there: " + ", ".join(step.conflicts)


def _longest_way(steps: tuple[Step, ...]) -> float:
    """Return the seconds of the longest chain of steps that wait for each other."""
    ends: dict[str, float] = {}
    for step in steps:
        begin = max((ends.get(need, 0.0) for need in step.needs), default=0.0)
        ends[step.id] = begin + (step.expected or 0.0)
    return max(ends.values(), default=0.0)


def _print_findings(plan: RestorePlan) -> None:
    from slackwater.cli.output import print_findings

    print_findings(plan.findings)
    blocking = [finding for finding in plan.findings if finding.blocks]
    if blocking:
        click.echo(f"Blocked by {count(len(blocking), 'finding')}")
    else:
        click.echo(tally(plan.findings))
