"""``slackwater completion``: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from slackwater.cli import app


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    For bash: slackwater completion bash > ~/.local/share/bash-completion/completions/slackwater
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(app.slackwater, {}, "slackwater", "_SLACKWATER_COMPLETE").source())
