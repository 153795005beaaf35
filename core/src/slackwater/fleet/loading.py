"""Loading the fleet file: every problem at once, each with file, line, column and field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from slackwater.errors import ConfigurationError, Problem
from slackwater.fleet.entries import VERSION, FleetDocument, FleetFile, document_type, fleet_of
from slackwater.fleet.problems import explain, unknown
from slackwater.fleet.schema import json_schema
from slackwater.fleet.source import FieldPath, Source, read_source
from slackwater.model.store_name import names_a_store


def load_fleet(path: Path, settings: Mapping[str, type[BaseModel]]) -> FleetFile:
    """Read and check a fleet file.

    ``settings`` are the tools known here and the classes of their settings; a ``StoreName`` in
    them names an entry of ``stores``. Raises ``ConfigurationError`` with every problem.
    """
    source = read_source(path)
    newer = _newer_version(source)
    if newer:
        raise ConfigurationError(newer)
    document, problems = _validate(source, settings)
    problems = [*source.problems, *problems, *_broken_links(source, settings)]
    if document is None or problems:
        raise ConfigurationError(*_in_order(problems))
    return fleet_of(document, path)


def _newer_version(source: Source) -> Problem | None:
    version = source.value(("version",))
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        message = f"{version} is newer than what is read here ({VERSION}); upgrade Slackwater"
        return source.problem(("version",), message)
    return None


def _validate(
    source: Source, settings: Mapping[str, type[BaseModel]]
) -> tuple[FleetDocument[BaseModel] | None, list[Problem]]:
    # by_name=False: a file writes control-plane, in one way only.
    try:
        kind = document_type(settings)
        return kind.model_validate(source.data, by_alias=True, by_name=False), []
    except ValidationError as error:
        schema = json_schema(settings)
        found = error.errors(include_url=False, include_input=False)
        return None, [explain(each, source, schema) for each in found]


def _broken_links(source: Source, settings: Mapping[str, type[BaseModel]]) -> Iterator[Problem]:
    """Names that mean nothing. Looked for in the raw data, so that other problems hide none."""
    for name in _keys(source, ("policies",)):
        path: FieldPath = ("policies", name, "prefer")
        for index, tool in enumerate(_items(source, path)):
            if isinstance(tool, str) and tool not in settings:
                yield source.problem((*path, index), unknown("tool", tool, sorted(settings)))
    stores = _keys(source, ("stores",))
    for path in _store_names(source, settings):
        store = source.value(path)
        if isinstance(store, str) and store not in stores:
            yield source.problem(path, unknown("store", store, stores))


def _store_names(source: Source, settings: Mapping[str, type[BaseModel]]) -> Iterator[FieldPath]:
    """Where a tool's settings name a store."""
    for cluster in _keys(source, ("clusters",)):
        for tool in _keys(source, ("clusters", cluster, "backends")):
            fields = settings[tool].model_fields if tool in settings else {}
            for key, field in fields.items():
                if names_a_store(field):
                    yield ("clusters", cluster, "backends", tool, field.alias or key)


def _keys(source: Source, path: FieldPath) -> list[str]:
    value = source.value(path)
    return list(value) if isinstance(value, dict) else []


def _items(source: Source, path: FieldPath) -> list[object]:
    value = source.value(path)
    return value if isinstance(value, list) else []


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column))
