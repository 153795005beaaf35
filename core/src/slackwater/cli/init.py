"""``slackwater init``: a commented fleet file from the contexts of a kubeconfig."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from slackwater.backend import BackendType
    from slackwater.clusters.kubeconfig import ContextInfo
    from slackwater.fleet.rendering import DiscoveredCluster


@click.command()
@click.option("--kubeconfig", type=click.Path(path_type=Path), help="Default: KUBECONFIG.")
@click.option("--context", multiple=True, metavar="C", help="Only this context.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@click.pass_context
def init(ctx: click.Context, kubeconfig: Path | None, context: tuple[str, ...], force: bool) -> int:
    """Write a commented fleet.yaml with every context of a kubeconfig and the tools found there.

    Changes nothing in any cluster. The file is the one that --fleet names.
    """
    from slackwater.backend.plugin_loading import load_plugins
    from slackwater.catalogue.gathering import side_by_side
    from slackwater.cli.output import print_findings, say
    from slackwater.clusters import list_contexts
    from slackwater.errors import ConfigurationError, Problem
    from slackwater.fleet import name_for, render_fleet

    target = Path(ctx.find_root().obj["fleet"])
    if target.exists() and not force:
        raise ConfigurationError(Problem("exists; --force writes over it", file=str(target)))
    plugins = load_plugins()
    contexts = [c for c in list_contexts(kubeconfig) if not context or c.name in context]
    if not contexts:
        raise ConfigurationError(Problem("no contexts to write about", field="--context"))
    names: dict[str, str] = {}
    for one in contexts:
        names[one.name] = name_for(one.name, names.values())
    found = side_by_side(lambda c: _discover(c, names[c.name], kubeconfig, plugins.types), contexts)
    target.write_text(render_fleet(found), encoding="utf-8")
    print_findings(plugins.findings, stderr=True)
    for cluster in found:
        tools = ", ".join(cluster.backends) or "no tool found"
        say(f"{cluster.name}: {tools}" + "".join(f"; {note}" for note in cluster.notes))
    say(f"{target} written. Next: slackwater check, slackwater doctor")
    return 0


def _discover(
    context: ContextInfo, name: str, kubeconfig: Path | None, types: Mapping[str, BackendType]
) -> DiscoveredCluster:
    """Look which tools are in a cluster. One that is silent is written down without any."""
    from slackwater.clusters import Cluster
    from slackwater.errors import SlackwaterError
    from slackwater.fleet.rendering import DiscoveredCluster

    found: dict[str, Mapping[str, object]] = {}
    notes: list[str] = []
    with Cluster(name, kubeconfig=kubeconfig, context=context.name) as cluster:
        try:
            for tool, kind in types.items():
                settings = kind.discover(cluster)
                if settings is not None:
                    found[tool] = settings
        except SlackwaterError as error:
            notes.append(str(error))
    return DiscoveredCluster(
        name=name,
        context=context.name,
        kubeconfig=f"file:{kubeconfig.resolve()}" if kubeconfig else None,
        backends=found,
        notes=tuple(notes),
    )
