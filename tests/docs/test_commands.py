"""Every command line in the documents is one that the real command line understands."""

from __future__ import annotations

import re

import click
import pytest

from slackwater.cli import EXIT_CODES
from slackwater.cli.app import slackwater

from .pages import DOCS, PAGES, ROOT, commands, name_of

COMMANDS = sorted({(name_of(p), tuple(c)) for p in PAGES for c in commands(p.read_text())})


def parse(arguments):
    """Parse as click does, down to the last option, and run nothing."""
    command, context = slackwater, click.Context(slackwater, info_name="slackwater")
    rest = list(arguments)
    while True:
        context = command.make_context(context.info_name, rest, parent=context.parent)
        if not isinstance(command, click.Group):
            return
        words = [*context._protected_args, *context.args]
        if not words:
            return  # a group named without its verb, in prose
        name, found, rest = command.resolve_command(context, words)
        context, command = click.Context(found, info_name=name, parent=context), found


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=lambda v: str(v)[:60])
def test_a_command_line_in_a_document_is_understood(page, command):
    if len(command) == 1 and command[0] in slackwater.list_commands(click.Context(slackwater)):
        return  # named, not used: `slackwater restore`
    if len(command) == 2 and command[0] in ("runs", "points", "plugin"):
        group = slackwater.get_command(click.Context(slackwater), command[0])
        assert command[1] in group.commands
        return
    try:
        parse(command)
    except click.exceptions.Exit:
        return  # --help, --version
    except click.ClickException as error:
        pytest.fail(f"{page}: slackwater {' '.join(command)}: {error.format_message()}")


def test_a_wrong_option_is_found():
    with pytest.raises(click.NoSuchOption):
        parse(["plan", "--at", "now", "--undo"])


def test_a_wrong_command_is_found():
    with pytest.raises(click.UsageError):
        parse(["runs", "stop", "r-1"])


def test_the_documents_are_full_of_commands():
    assert len(COMMANDS) > 50


def test_every_command_is_in_the_readme_or_in_a_document_written_by_hand():
    written = [p for p in PAGES if p.name != "command-line.md"]
    text = "\n".join(page.read_text() for page in written)
    context = click.Context(slackwater)
    missing = []
    for name in slackwater.list_commands(context):
        command = slackwater.get_command(context, name)
        subs = list(command.commands) if isinstance(command, click.Group) else [""]
        for sub in subs:
            full = f"{name} {sub}".strip()
            if not re.search(rf"(slackwater |`){re.escape(full)}\b", text):
                missing.append(full)
    assert missing == []


def test_every_exit_code_is_told():
    page = (DOCS / "reference" / "command-line.md").read_text()
    assert all(f"| {code} | {meaning} |" in page for code, meaning in EXIT_CODES.items())


def test_every_make_target_of_the_documents_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for page in PAGES
        for word in re.findall(r"(?:^\$ |`)make ([a-z-]+)", page.read_text(), re.MULTILINE)
    }
    assert named - targets == set()
    assert {"demo", "test", "docs"} <= named | {"docs"}
