"""Opens what a command works on, from the options before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from slackwater.client import Fleet


@contextmanager
def opened(ctx: click.Context) -> Iterator[Fleet]:
    """Open the fleet that ``--fleet`` and ``--ledger`` name; close it at the end."""
    from slackwater.client import Fleet  # --help needs none of it

    chosen = ctx.find_root().obj
    with Fleet.load(chosen["fleet"], ledger=chosen["ledger"]) as fleet:
        yield fleet


def which_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that narrow work down to clusters and namespaces."""
    for option in reversed(
        (
            click.option("--cluster", "-c", multiple=True, metavar="C", help="Only this cluster."),
            click.option("--namespace", "-n", multiple=True, metavar="N", help="Only this one."),
            click.option(
                "--selector",
                "-l",
                default="",
                metavar="S",
                help="Only namespaces with these labels, in Kubernetes' syntax.",
            ),
        )
    ):
        command = option(command)
    return command


def whole_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name what belongs to no namespace, of one cluster each."""
    for flag, thing in (
        ("--cluster-objects", "The objects of this cluster that are in no namespace."),
        ("--control-plane", "The control plane of this cluster, as a whole."),
    ):
        command = click.option(flag, multiple=True, metavar="C", help=thing)(command)
    return command


def pairs(values: tuple[str, ...], flag: str) -> dict[str, str]:
    """Read ``old=new`` values of an option. Raises a usage error that names the option."""
    found: dict[str, str] = {}
    for value in values:
        old, equals, new = value.partition("=")
        if not (equals and old and new):
            raise click.UsageError(f'{flag} takes OLD=NEW, not "{value}"')
        if found.setdefault(old, new) != new:
            raise click.UsageError(f"{flag} maps {old} twice")
    return found
