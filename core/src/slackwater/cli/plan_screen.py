"""Shows a restore plan: the moment, the losses, the steps, what is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from slackwater.cli.output import plain_table, print_table, tally, zone

if TYPE_CHECKING:
    from slackwater.model.finding import Finding
    from slackwater.model.restore_plan import Choice, Pin, RestorePlan


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


def consent_summary(plan: RestorePlan) -> Iterator[str]:
    """Say in plain words what the plan writes, deletes, and turns back as a whole."""
    from slackwater.model.step import OwnAct
    from slackwater.model.wording import counted

    for choice in plan.turned_back:
        since = f"{choice.point.begin:%Y-%m-%d %H:%M:%SZ}"
        yield (
            f"This turns back the whole cluster {choice.target.cluster} to {since}: everything that"
            " was created, changed or deleted in it since then is undone, in every namespace."
        )
    places = {place for step in plan.steps for place in step.writes if "/" in place}
    deleted = [s for s in plan.steps if s.own is OwnAct.DELETE_NAMESPACE]
    gone = ", ".join(step.writes[0] for step in deleted)
    yield (
        f"This writes into {counted(len(plan.pins), 'cluster')},"
        f" {counted(len(places), 'namespace')};"
        f" it deletes {gone or 'nothing'}."
    )


def who(pin: Pin) -> str:
    """Say by what a target is known."""
    parts = [f"kube-system {pin.uid}"] if pin.uid else []
    parts += [f"control plane {pin.control_plane}"] if pin.control_plane else []
    parts += [] if pin.seen else ["its API server did not answer"]
    return ", ".join(parts)


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
    return (
        str(choice.workload),
        str(choice.target),
        choice.point.id.tool,
        choice.point.name,
        taken(choice, plan),
        loses(choice),
        what_it_holds(choice),
    )


def taken(choice: Choice, plan: RestorePlan) -> str:
    """Say when a chosen point was taken, as the moment's own clock showed it."""
    if choice.point.begin is None:
        return "-"
    meant = _zone(plan.zone)
    time = choice.point.begin.astimezone(meant)
    near = time.date() == plan.moment.astimezone(meant).date()
    return f"{time:{'%H:%M:%S' if near else '%m-%d %H:%M:%S'}}"


def loses(choice: Choice) -> str:
    """Say how much time of data is lost."""
    from slackwater.model.wording import in_words

    return in_words(choice.loses)


def what_it_holds(choice: Choice) -> str:
    """Say what comes back of a workload, and what does not."""
    from slackwater.cli.points import holds

    if choice.covered:
        return "its objects, with the control plane; volumes keep today's data"
    gaps = "".join(f"   ✗ {gap}" for gap in choice.gaps)
    return holds(choice.point, choice.workload.namespace) + gaps


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
    from slackwater.model.wording import counted

    places = {finding.subject for finding in blocking}
    steps = [step.id for step in plan.steps if places & set(step.writes)]
    kind = "conflict" if all(finding.code == "exists" for finding in blocking) else "finding"
    where = f" (step {', '.join(steps)})" if steps else ""
    return counted(len(blocking), kind) + where
