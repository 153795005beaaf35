"""Asks for consent, where there is somebody to ask."""

from __future__ import annotations

import sys

import click


def ask_for(digest: str) -> str | None:
    """Ask for a digest. None where the person does not type exactly it.

    Raises a usage error that names the flag where nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise click.UsageError(
            f"nobody to ask: this is no terminal. Consent with --confirm {digest}"
        )
    question = f"Type the digest to go on: {digest}"
    answer = click.prompt(question, default="", show_default=False)
    return digest if answer == digest else None
