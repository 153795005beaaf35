"""``slackwater plugin``: which plugins are here, and which could not be used."""

from __future__ import annotations

import click

from slackwater.cli.output import output_option


@click.group()
def plugin() -> None:
    """List the plugins that offer backends."""


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
