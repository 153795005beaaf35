"""Writes the reference pages from the code: ``python -m slackwater.cli.reference core/docs``.

A test compares them with what is in the repository, so that no page says what the code does not.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from slackwater.backend.plugin_loading import load_plugins
from slackwater.cli import EXIT_CODES
from slackwater.cli.app import slackwater
from slackwater.fleet import json_schema, render_fleet
from slackwater.fleet.rendering import DiscoveredCluster

Schema = Mapping[str, Any]

_NOTE = "<!-- Written by `make docs` from the code; edits here are lost. -->"
_COMMAND_LINE = """\
What a command answers goes to stdout; what is said about it (progress, findings, a count) goes to
stderr. On a terminal progress is live, elsewhere it is plain lines. `NO_COLOR` is honoured.
Times are shown in your own zone; a time that you write without a zone is read in it, and the
answer says so.

Nothing is asked where nobody can answer: the error names the option to use instead.
"""
_FORMATS = """\
`-o json` and `-o yaml` carry everything, uncut; `-o wide` is the table with every column, uncut;
`-o name` is one identifier a line, to be pasted into another command. Where a run is shown while it
goes, the table is the only form.
"""
_FLEET_FILE = """\
`slackwater init` writes a first one; `slackwater check` tells every problem with file, line, column
and field; `slackwater schema` prints the JSON Schema, by which an editor completes and checks it.
Unknown keys are refused, and the nearest known one is named.

Some values have a form of their own:

| form | how it is written |
| --- | --- |
| duration | numbers with units: `90s`, `15m`, `4h`, `2d`, `6w`, `1h30m` |
| selector | Kubernetes' own: `env=prod`, `tier!=bronze`, `a=b,c in (d, e),!f`; `""` selects all |
| names | a list of names and globs: `[shop, "team-*"]` |
| reference to a secret | `env:NAME`, `file:/path`, `exec:["command", "argument"]`, \
`k8s:namespace/name/key`; relative paths start at the file's folder |

Some of it is checked, and not yet acted on: no process starts backups by `schedule`; of `keep` a
tool is only told how long it must not delete a recovery point; `objectives` are compared with the
schedule; `k8s:` references are understood and not yet followed.

What `slackwater init` writes:
"""


def pages() -> dict[str, str]:
    """Return the reference pages by their path below ``core/docs``."""
    kinds = {name: kind.settings for name, kind in load_plugins().types.items()}
    return {
        "reference/command-line.md": "\n".join(_command_line()).rstrip() + "\n",
        "reference/fleet-file.md": "\n".join(_fleet_file(json_schema(kinds))).rstrip() + "\n",
    }


def _command_line() -> Iterator[str]:
    context = click.Context(slackwater, info_name="slackwater")
    found = [(n, slackwater.get_command(context, n)) for n in slackwater.list_commands(context)]
    commands = [(f"slackwater {name}", command) for name, command in found if command is not None]
    yield from ("# Command line", "", _NOTE, "", _COMMAND_LINE)
    yield from ("| | |", "| --- | --- |")
    yield from (f"| [`{n}`](#{_anchor(n)}) | {_first_line(c)} |" for n, c in commands)
    yield from ("", "## Exit codes", "", "| code | meaning |", "| --- | --- |")
    yield from (f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    yield from ("", "## Before every command", "")
    yield from (*_options(slackwater, context), "", "## Forms of output", "", _FORMATS)
    for name, command in commands:
        yield from _command(command, name, context, level=2)


def _command(
    command: click.Command, name: str, parent: click.Context, *, level: int
) -> Iterator[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    yield from (f"{'#' * level} {name}", "")
    if not isinstance(command, click.Group):
        usage = " ".join([name, *command.collect_usage_pieces(context)])
        yield from (f"```text\n{usage}\n```", "")
    yield from (_prose(command.help or ""), "", *_options(command, context), "")
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            yield from _command(command.commands[sub], f"{name} {sub}", context, level=level + 1)


def _anchor(heading: str) -> str:
    return heading.replace(" ", "-")


def _first_line(command: click.Command) -> str:
    return _prose(command.help or "").partition("\n")[0]


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    rows = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option)]
    shown = [row for row in rows if row is not None]
    if shown:
        yield from ("| option | meaning |", "| --- | --- |")
        yield from (f"| `{_cell(option)}` | {_cell(meaning)} |" for option, meaning in shown)


def _cell(text: str) -> str:
    return " ".join(_prose(text).split()).replace("|", "\\|")


def _prose(text: str) -> str:
    """Return a docstring as Markdown."""
    return inspect.cleandoc(text).replace("``", "`")


def _fleet_file(schema: Schema) -> Iterator[str]:
    yield from ("# The fleet file", "", _NOTE, "", _prose(schema.get("description", "")))
    yield _FLEET_FILE
    yield from ("```yaml", _example().rstrip(), "```", "")
    yield from _object("fleet.yaml", schema, schema.get("$defs", {}))


def _example() -> str:
    tools = {name: dict[str, object]() for name in load_plugins().types}
    cluster = DiscoveredCluster(name="prod-eu", context="prod-eu", backends=tools)
    return render_fleet([cluster])


def _object(title: str, node: Schema, named: Schema) -> Iterator[str]:
    """Describe an object and, after it, the objects inside."""
    yield from (f"## {title}", "", _prose(node.get("description", "")), "")
    yield from ("| key | is | meaning | default |", "| --- | --- | --- | --- |")
    inner: list[tuple[str, Schema]] = []
    required = node.get("required", ())
    for key, value in node.get("properties", {}).items():
        default = "required" if key in required else _default(value)
        kind, meaning = _type(_resolve(value, named), named), _meaning(value, named)
        yield f"| `{key}` | {_cell(kind)} | {_cell(meaning)} | {_cell(default)} |"
        prefix = "" if title == "fleet.yaml" else f"{title}."
        inner += [(f"{prefix}{key}{suffix}", found) for suffix, found in _within(value, named)]
    yield ""
    for name, found in inner:
        yield from _object(name, found, named)


def _default(value: Schema) -> str:
    default = value.get("default")
    return "" if default in (None, {}, [], "") else f"`{json.dumps(default)}`".replace('"', "")


def _within(value: Schema, named: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield the objects with keys of their own that stand inside a value."""
    for option in (value, *value.get("anyOf", ())):
        resolved = _resolve(option, named)
        if "properties" in resolved:
            yield "", resolved
        extra = resolved.get("additionalProperties")
        if isinstance(extra, Mapping):
            yield from ((f".NAME{suffix}", found) for suffix, found in _within(extra, named))
        if "items" in resolved:
            items = _within(resolved["items"], named)
            yield from ((f"[]{suffix}", found) for suffix, found in items)


def _meaning(value: Schema, named: Schema) -> str:
    resolved = _resolve(value, named)
    said = _first_paragraph(value.get("description") or resolved.get("description") or "")
    examples = resolved.get("examples", ())
    shown = ", ".join(f"`{e if isinstance(e, str) else json.dumps(e)}`" for e in examples)
    return f"{said} Such as {shown}.".strip() if shown else said


def _type(value: Schema, named: Schema) -> str:
    if "enum" in value:
        return " or ".join(f"`{item}`" for item in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "anyOf" in value:
        kinds = [_type(_resolve(option, named), named) for option in value["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if value.get("type") == "array":
        return f"list of {_type(_resolve(value.get('items', {}), named), named)}"
    return str(value.get("type", "any"))


def _resolve(value: Schema, named: Schema) -> Schema:
    reference = value.get("$ref")
    if reference is None:
        return value
    found: Schema = named[str(reference).rpartition("/")[2]]
    return {**found, **{key: item for key, item in value.items() if key != "$ref"}}


def _first_paragraph(text: str) -> str:
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())


def write(folder: Path) -> None:
    """Write every page below the folder."""
    for name, text in pages().items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
