"""``slackwater schema``: the JSON Schema of the fleet file, for editors."""

from __future__ import annotations

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of fleet.yaml, with the settings of the plugins installed here.

    In an editor: # yaml-language-server: $schema=fleet.schema.json
    """
    from slackwater.backend.plugin_loading import load_plugins
    from slackwater.cli.output import print_json
    from slackwater.fleet import json_schema

    types = load_plugins().types
    print_json(json_schema({name: kind.settings for name, kind in types.items()}))
