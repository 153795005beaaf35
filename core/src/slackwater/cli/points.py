"""``slackwater points``: the recovery points of the whole fleet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from slackwater.cli.opening import opened
from slackwater.cli.output import at as shown
from slackwater.cli.output import output_option

if TYPE_CHECKING:
    from slackwater.catalogue.gathering import Catalogue
    from slackwater.model.recovery_point import HeldVolume, RecoveryPoint

_COLUMNS = ("taken", "origin", "tool", "recovery point", "covers", "volumes", "phase", "made by")
_ASKED = "data asked"
_WIDE = (*_COLUMNS, "holds", "mark", "expires", "shown by", "store")


@click.group()
def points() -> None:
    """List, show and delete recovery points."""


@points.command(name="list")
@click.option("--cluster", "-c", multiple=True, metavar="C", help="Taken from this cluster.")
@click.option("--tool", metavar="T", help="Made by this tool.")
@click.option("--namespace", "-n", default="", metavar="N", help="That touch this namespace.")
@click.option("--selector", "-l", default="", metavar="S", help="Origins with these labels.")
@click.option("--at", metavar="TIME", help="Taken at or before: a time, now, 2h ago.")
@click.option("--since", metavar="TIME", help="Taken at or after.")
@output_option
@click.pass_context
def list_points(ctx: click.Context, /, output: str, **asked: Any) -> int:
    """List recovery points, newest first, whoever made them.

    A cluster that does not answer is named; the others' answers stand (exit 4).
    """
    from slackwater.cli.output import print_findings, zone

    asked["cluster"] = asked["cluster"] or None
    with opened(ctx) as fleet:
        found = fleet.points(zone=zone(), **asked)
        _print(found, output)
        print_findings(found.findings, stderr=True)
        _say_how_fresh(found)
    return 0 if all(source.answered for source in found.sources) else 4


@points.command(name="show")
@click.argument("name")
@output_option
@click.pass_context
def show_point(ctx: click.Context, name: str, output: str) -> int:
    """Show one recovery point with what it really holds, volumes passed over included."""
    from slackwater.cli.output import print_data, print_findings

    with opened(ctx) as fleet:
        point = fleet.point(name)
    if output in ("json", "yaml"):
        print_data(point.model_dump(mode="json"), output)
        return 0
    if output == "name":
        click.echo(str(point.id))
        return 0
    _print_one(point)
    print_findings(point.findings)
    return 0


@points.command(name="delete")
@click.argument("name")
@click.option("--confirm", metavar="DIGEST", help="Consent, where nobody can be asked.")
@click.pass_context
def delete_point(ctx: click.Context, name: str, confirm: str | None) -> int:
    """Delete a recovery point and its data, after consent. It cannot be brought back.

    Shows what goes and what is lost with it, then asks for the digest of exactly that.
    """
    from slackwater.cli.asking import ask_for
    from slackwater.cli.output import print_findings, say
    from slackwater.cli.progress import drive

    with opened(ctx) as fleet:
        plan = fleet.plan_deletion(name)
        if confirm is None:
            _print_one(plan.point)
            for step in plan.steps:
                click.echo(f"{'':<16}{step.act.title}: {'; '.join(step.act.effects)}")
            print_findings(plan.findings)
            confirm = ask_for(plan.digest) if not plan.blocked else plan.digest
        if confirm is None:
            say("Declined. Nothing was changed.")
            return 130
        return drive(fleet.delete(plan, confirm=confirm))


def _print(found: Catalogue, output: str) -> None:
    from slackwater.cli.output import print_data, print_rows

    if output in ("json", "yaml"):
        plain = [point.model_dump(mode="json") for point in found.points]
        sources = [
            {"cluster": s.cluster, "tool": s.tool, "as_of": s.as_of, "answered": s.answered}
            for s in found.sources
        ]
        print_data({"points": plain, "sources": sources}, output)
    elif output == "name":
        for point in found.points:
            click.echo(str(point.id))
    elif found.points:
        wide = output == "wide"
        columns = _WIDE if wide else _COLUMNS
        if any(point.data for point in found.points):  # else nobody needs to ask
            columns = (*columns[:6], _ASKED, *columns[6:])
        print_rows(_rows(found.points), columns, wide=wide)


def _rows(found: Sequence[RecoveryPoint]) -> list[dict[str, str]]:
    return [
        {
            "taken": shown(point.begin),
            "origin": point.origin or "unknown",
            "tool": point.id.tool,
            "recovery point": point.name,
            "covers": _covers(point),
            "volumes": _volumes(point),
            _ASKED: _asked(point),
            "phase": point.phase.value,
            "made by": point.made_by,
            "holds": holds(point),
            "mark": point.stamp.mark if point.stamp else "",
            "expires": shown(point.expires),
            "shown by": ", ".join(place.cluster for place in point.places),
            "store": point.id.store,
        }
        for point in found
    ]


def _covers(point: RecoveryPoint) -> str:
    scope = point.scope
    parts = ["control plane"] if scope.control_plane else []
    parts += ["all namespaces"] if scope.namespaces == ("*",) else list(scope.namespaces)
    parts += [f"{namespace}/{claim}" for namespace, claim in scope.volumes]
    parts += ["cluster objects"] if scope.cluster_objects and not parts else []
    without = f" without {', '.join(scope.excluded)}" if scope.excluded else ""
    limits = f" ({scope.limits})" if scope.limits else ""
    return (", ".join(parts) or "nothing") + without + limits


def holds(point: RecoveryPoint, namespace: str = "") -> str:
    """Say what a point holds: ``412 objects, 3 of 3 volumes``; unknown where nobody has looked."""
    from slackwater.model.wording import counted

    if point.contents is None:
        return "not looked into"
    contents = point.contents
    if point.scope.control_plane and not namespace:
        return ", ".join(part for part in ("the whole control plane", contents.summary) if part)
    volumes = contents.volumes_in(namespace) if namespace else contents.volumes
    objects = contents.objects_in(namespace) if namespace else sum(contents.objects.values())
    return f"{counted(objects, 'object')}, {_held(volumes)}"


def _held(volumes: Sequence[HeldVolume]) -> str:
    """Say how many of the volumes are held, and where: ``2 of 3 volumes off-cluster``."""
    from slackwater.model.wording import counted

    if not volumes:
        return "no volumes"
    held = sum(volume.held for volume in volumes)
    return f"{held} of {counted(len(volumes), 'volume')}{_where(volumes)}"


def _where(volumes: Sequence[HeldVolume]) -> str:
    """Say where the data of volumes lies: a copy in the storage it came from is gone with it."""
    away = [volume.off_cluster for volume in volumes if volume.held]
    if not away:
        return ""
    if all(away):
        return " off-cluster"
    return f", {sum(away)} off-cluster" if any(away) else ", none off-cluster"


def _volumes(point: RecoveryPoint) -> str:
    """Say in short which volumes a point holds, and where."""
    if point.contents is None:
        return "?"
    volumes = point.contents.volumes
    held = sum(volume.held for volume in volumes)
    if not held:
        return f"0/{len(volumes)}" if volumes else "-"
    away = sum(volume.off_cluster for volume in volumes if volume.held)
    where = {held: "off-cluster", 0: "own storage"}.get(away, f"{away} off-cluster")
    return f"{held}/{len(volumes)} {where}"


def _asked(point: RecoveryPoint) -> str:
    """Say when it was last asked whether the data is still there, and what was said if not that."""
    if point.data is None:
        return ""
    if point.data.at is None:
        return "never"
    there = point.data.whereabouts.value == "there"
    return shown(point.data.at) + ("" if there else f": {point.data.whereabouts}")


def _about_data(point: RecoveryPoint) -> str:
    data = point.data
    if data is None or data.at is None:
        return "nobody asked the storage whether it still has it; slackwater doctor asks"
    said = f": {data.message}" if data.message else ""
    return f"{data.whereabouts} when the storage was asked, at {shown(data.at)}{said}"


def _print_one(point: RecoveryPoint) -> None:
    facts = {
        "recovery point": str(point.id),
        "taken": f"{shown(point.begin)} to {shown(point.end)}",
        "origin": point.origin or "unknown",
        "phase": f"{point.phase} ({point.tool_phase})" if point.tool_phase else point.phase.value,
        "made by": point.made_by,
        "covers": _covers(point),
        "holds": holds(point),
        "shown by": ", ".join(f"{p.cluster} ({p.store_name})" for p in point.places),
        "expires": shown(point.expires),
    }
    if point.data:
        facts["data"] = _about_data(point)
    if point.stamp and point.stamp.mark:
        facts["mark"] = f"{point.stamp.mark}, one of {point.stamp.mark_parts} parts"
    for name, value in facts.items():
        click.echo(f"{name:<16}{value}")
    for namespace, objects in (point.contents.objects if point.contents else {}).items():
        click.echo(f"{'':<16}{namespace or '(cluster)'}: {objects} objects")
    for volume in point.contents.volumes if point.contents else ():
        where = "off-cluster" if volume.off_cluster else "in its own storage system only"
        held = f"held by {volume.method}, {where}"
        state = held if volume.held else f"not held: {volume.reason}"
        click.echo(f"{'':<16}volume {volume}: {state}")


def _say_how_fresh(found: Catalogue) -> None:
    from slackwater.cli.output import say, zone

    if not found.points:
        say(
            "No recovery points match. Clusters asked: "
            + (", ".join(dict.fromkeys(s.cluster for s in found.sources)) or "none")
            + ". Without --at, --since, --cluster and --namespace there may be more.",
        )
    answered = {s.cluster for s in found.sources if s.answered}
    silent = {s.cluster for s in found.sources} - answered
    missing = f", {len(silent)} silent ({', '.join(sorted(silent))})" if silent else ""
    say(
        f"{len(found.points)} recovery points from {len(answered)} clusters{missing},"
        f" as of {shown(found.as_of)} {zone().key}"
    )
