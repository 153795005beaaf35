"""``slackwater plan``: everything a restore will do, before anything is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from slackwater.cli.opening import opened, pairs, which_options, whole_options
from slackwater.cli.output import MARKDOWN, output_option_for_tickets


@click.command()
@click.option("--at", required=True, metavar="TIME", help='"2026-11-21 14:05", now, "2h ago".')
@click.option(
    "--policy", "-p", multiple=True, metavar="P", help="What this policy protects, as it requires."
)
@which_options
@whole_options
@click.option("--to", multiple=True, metavar="CLUSTER|FROM=TO", help="Where it goes.")
@click.option("--map", "map_", multiple=True, metavar="OLD=NEW", help="Namespace, renamed.")
@click.option("--map-class", multiple=True, metavar="OLD=NEW", help="Storage class.")
@click.option("--map-image", multiple=True, metavar="OLD=NEW", help="Image, or its registry.")
@click.option("--map-claim", multiple=True, metavar="[NS/]OLD=NEW", help="Claim, renamed.")
@click.option("--replace", is_flag=True, help="Save and delete what stands in the way, first.")
@click.option("--update", is_flag=True, help="Change objects that exist; delete nothing.")
@click.option("--accept-partial", is_flag=True, help="Take points that lack something.")
@click.option("--save", type=click.Path(path_type=Path), metavar="FILE", help="Write the plan.")
@output_option_for_tickets
@click.pass_context
def plan(ctx: click.Context, /, output: str, save: Path | None, **asked: Any) -> int:
    """Plan a restore to a moment. Changes nothing anywhere.

    Without --to everything goes back where it came from. --control-plane turns a whole cluster
    back; alone, or with --cluster-objects, it is all that is meant. A plan that must not run is
    shown with what is in the way (exit 6). -o markdown writes it for a change ticket.
    """
    from slackwater.cli.output import print_data, zone
    from slackwater.cli.plan_document import document
    from slackwater.cli.plan_file import echo_saved, write_plan
    from slackwater.cli.plan_screen import show_plan

    with opened(ctx) as fleet:
        made = fleet.plan(zone=zone(), **_arguments(asked))
        if output in ("json", "yaml"):
            print_data({"digest": made.digest, **made.model_dump(mode="json")}, output)
        elif output == "name":
            click.echo(made.digest)
        elif output == MARKDOWN:
            click.echo(document(made))
        else:
            show_plan(made, fleet.clock())
    if save:
        write_plan(made, save)
        echo_saved(made, save)
    return 6 if made.blocked else 0


def _arguments(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["replace"] and asked["update"]:
        raise click.UsageError("--replace and --update exclude each other")
    return {
        "at": asked["at"],
        "policy": asked["policy"] or None,
        "cluster": asked["cluster"] or None,
        "namespace": asked["namespace"] or None,
        "selector": asked["selector"],
        "control_plane": asked["control_plane"] or None,
        "cluster_objects": asked["cluster_objects"] or None,
        "to": _targets(asked["to"]),
        "map": pairs(asked["map_"], "--map"),
        "map_class": pairs(asked["map_class"], "--map-class"),
        "map_image": pairs(asked["map_image"], "--map-image"),
        "map_claim": pairs(asked["map_claim"], "--map-claim"),
        "replace": asked["replace"],
        "update": asked["update"],
        "accept_partial": asked["accept_partial"],
    }


def _targets(values: tuple[str, ...]) -> str | dict[str, str] | None:
    if not values:
        return None
    if len(values) == 1 and "=" not in values[0]:
        return values[0]
    return pairs(values, "--to")
