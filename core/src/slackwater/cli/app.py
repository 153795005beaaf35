"""The group of commands, and what an error looks like to the person.

Commands are named here with their one-line help and imported only when they run, so that
``--help`` and ``--version`` stay quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from slackwater.cli import EXIT_CODES
from slackwater.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "init": "Write a commented fleet.yaml from the contexts of a kubeconfig.",
    "check": "Check fleet.yaml without contacting anything.",
    "schema": "Print the JSON Schema of fleet.yaml.",
    "doctor": "Look into every cluster: tools, stores, rights, coverage.",
    "points": "List, show and delete recovery points.",
    "backup": "Back up now, by a policy or by name.",
    "plan": "Plan a restore to a moment. Changes nothing.",
    "restore": "Execute a saved plan, after consent.",
    "runs": "List, show, follow, resume, cancel and confirm runs.",
    "plugin": "List the plugins that offer backends; write a new one.",
    "demo": "Play the whole story on a small fleet on this machine.",
    "completion": "Print the completion script for a shell.",
}
_CODES = "Exit codes: " + " · ".join(f"{code} {means}" for code, means in EXIT_CODES.items())


class _Commands(click.Group):
    """A group whose commands are imported when they are first asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f"slackwater.cli.{name}")
        command: click.Command = getattr(module, name)
        _add_codes(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(f'no such command "{args[0]}"{_nearest(args[0])}')
        return super().resolve_command(ctx, args)


def _add_codes(command: click.Command) -> None:
    command.epilog = _CODES
    if isinstance(command, click.Group):
        for name in command.commands:
            _add_codes(command.commands[name])


def _nearest(word: str) -> str:
    import difflib

    close = difflib.get_close_matches(word, _COMMANDS, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""


@click.group(cls=_Commands, epilog=_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, "--version", prog_name="slackwater", message="%(prog)s %(version)s")
@click.option(
    "-f",
    "--fleet",
    metavar="FILE",
    envvar="SLACKWATER_FLEET",
    default="fleet.yaml",
    show_default=True,
    show_envvar=True,
    help="The fleet file.",
)
@click.option(
    "--ledger",
    metavar="FILE",
    envvar="SLACKWATER_LEDGER",
    show_envvar=True,
    help="The ledger; default: one for each fleet file, in your state folder.",
)
@click.pass_context
def slackwater(ctx: click.Context, fleet: str, ledger: str | None) -> None:
    """One policy, every backup tool, one point in time."""
    ctx.obj = {"fleet": fleet, "ledger": ledger}


def run(arguments: Sequence[str]) -> int:
    """Run a command; return its exit code. Errors become sentences, not tracebacks."""
    try:
        result = slackwater.main(list(arguments), prog_name="slackwater", standalone_mode=False)
        sys.stdout.flush()  # here, where a closed pipe is still told apart from a bug
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("\nInterrupted. What had begun in the tools goes on.", file=sys.stderr)
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except (BrokenPipeError, SystemExit):  # click turns the first into the second, and only that
        return _nobody_reads()
    except Exception as error:  # noqa: BLE001  the last place where an error can become a sentence
        return _tell(error)
    return result if isinstance(result, int) else 0


def _nobody_reads() -> int:
    """Let what is still to be written go nowhere: the reader has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _tell(error: Exception) -> int:
    """Print an error of ours as a sentence; anything else is a bug and says so."""
    from slackwater.errors import SlackwaterError

    if os.environ.get("SLACKWATER_TRACEBACK"):
        raise error
    if not isinstance(error, SlackwaterError):
        kind = type(error).__name__
        print(f"Unexpected {kind}: a bug in slackwater or in a plugin.", file=sys.stderr)
        print("SLACKWATER_TRACEBACK=1 shows where; please report it.", file=sys.stderr)
        return 1
    print(str(error), file=sys.stderr)
    if error.hint:
        print(f"→ {error.hint}", file=sys.stderr)
    return error.exit_code
