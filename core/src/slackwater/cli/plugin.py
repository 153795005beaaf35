"""``slackwater plugin``: which plugins are here, which could not be used, and a new one."""

from __future__ import annotations

from pathlib import Path

import click

from slackwater.cli.output import output_option


@click.group()
def plugin() -> None:
    """List the plugins that offer backends, and write a new one."""


@plugin.command(name="list")
@output_option
def list_plugins(output: str) -> int:
    """List backend types and what they come from; broken plugins with their reason (exit 3)."""
    from slackwater.backend.plugin_loading import load_plugins
    from slackwater.cli.output import print_data, print_findings, print_rows

    plugins = load_plugins()
    rows = [
        {"name": name, "summary": kind.summary, "contract": str(kind.contract_version)}
        for name, kind in sorted(plugins.types.items())
    ]
    if output in ("json", "yaml"):
        broken = [finding.model_dump(mode="json") for finding in plugins.findings]
        print_data({"plugins": rows, "findings": broken}, output)
    elif output == "name":
        for row in rows:
            click.echo(row["name"])
    else:
        print_rows(rows, ("name", "summary", "contract"), wide=output == "wide")
        print_findings(plugins.findings)
    return 3 if plugins.findings else 0


@plugin.command(name="new")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where to; default: slackwater-NAME, and plugins/NAME in Slackwater's own repository.",
)
def new(name: str, folder: Path | None) -> int:
    """Write the folder of a new plugin for the tool NAME.

    It can be installed and tested at once: it passes the conformance kit by declaring what it
    does not do yet. Nothing is written over.
    """
    from slackwater.backend.plugin_loading import load_plugins
    from slackwater.cli.new_plugin import new_plugin
    from slackwater.cli.output import say

    made = new_plugin(name, folder, frozenset(load_plugins().types))
    for path in made.write():
        click.echo(made.folder / path)
    say("Next:")
    for line in made.next_steps():
        say(f"  {line}")
    say("What the tests skip is what is left to do; README.md there says in which order.")
    return 0
