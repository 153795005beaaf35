"""Writes the reference pages from the code: ``python -m slackwater.cli.reference core/docs``.

A test compares them with what is in the repository, so that no page says what the code does not.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from slackwater.backend.plugin_loading import load_plugins
from slackwater.cli import EXIT_CODES
from slackwater.cli.app import slackwater
from slackwater.fleet import json_schema

Schema = Mapping[str, Any]
_NOTE = "<!-- Written by `make docs`; edits here are lost. -->\n"


def pages() -> dict[str, str]:
    """Return the reference pages by their path below ``core/docs``."""
    kinds = {name: kind.settings for name, kind in load_plugins().types.items()}
    return {
        "reference/command-line.md": "\n".join(_command_line()) + "\n",
        "reference/fleet-file.md": "\n".join(_fleet_file(json_schema(kinds))) + "\n",
    }


def _command_line() -> Iterator[str]:
    yield from ("# Command line", "", _NOTE)
    yield from ("Data goes to stdout, everything said about it to stderr. Exit codes:", "")
    yield from ("| code | meaning |", "| --- | --- |")
    yield from (f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items())
    yield ""
    yield from _options("Before every command", slackwater, click.Context(slackwater))
    context = click.Context(slackwater, info_name="slackwater")
    for name in slackwater.list_commands(context):
        command = slackwater.get_command(context, name)
        if command is not None:
            yield from _command(command, f"slackwater {name}", context)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            yield from _command(command.commands[sub], f"{name} {sub}", context)
        return
    arguments = [p.make_metavar(context) for p in command.params if isinstance(p, click.Argument)]
    yield from (f"## {' '.join([name, *arguments])}", "", inspect.cleandoc(command.help or ""), "")
    yield from _options("", command, context)


def _options(title: str, command: click.Command, context: click.Context) -> Iterator[str]:
    rows = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option)]
    shown = [row for row in rows if row is not None]
    if title:
        yield from (f"## {title}", "")
    if shown:
        yield from ("| option | meaning |", "| --- | --- |")
        yield from (f"| `{_cell(option)}` | {_cell(meaning)} |" for option, meaning in shown)
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _fleet_file(schema: Schema) -> Iterator[str]:
    yield from ("# The fleet file", "", _NOTE)
    yield from (_first_paragraph(schema.get("description", "")), "")
    yield "`slackwater schema` prints its JSON Schema; every problem is told with line and field."
    yield ""
    yield from _object("fleet.yaml", schema, schema.get("$defs", {}), seen=set())


def _object(title: str, node: Schema, named: Schema, seen: set[str]) -> Iterator[str]:
    """Describe an object and, after it, the objects inside."""
    yield from (f"## {title}", "")
    if node.get("description"):
        yield from (inspect.cleandoc(node["description"]), "")
    yield from ("| key | is | default |", "| --- | --- | --- |")
    inner: list[tuple[str, Schema]] = []
    required = node.get("required", ())
    for key, value in node.get("properties", {}).items():
        default = "required" if key in required else _default(value)
        yield f"| `{key}` | {_cell(_kind(value, named))} | {_cell(default)} |"
        inner += [(f"{title}.{key}{suffix}", found) for suffix, found in _within(value, named)]
    yield ""
    for name, found in inner:
        mark = str(found.get("title", name))
        if mark not in seen:
            yield from _object(name, found, named, seen | {mark})


def _default(value: Schema) -> str:
    default = value.get("default")
    return "" if default in (None, {}, []) else f"`{default}`"


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
            yield from (
                (f"[]{suffix}", found) for suffix, found in _within(resolved["items"], named)
            )


def _kind(value: Schema, named: Schema) -> str:
    resolved = _resolve(value, named)
    examples = ", ".join(f"`{example}`" for example in resolved.get("examples", ()))
    said = value.get("description") or resolved.get("description") or ""
    kind = _type(resolved, named)
    parts = (kind, f"such as {examples}" if examples else "", _first_paragraph(said))
    return "; ".join(part for part in parts if part)


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
