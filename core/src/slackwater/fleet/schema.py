"""The JSON Schema of the fleet file, for editors and for naming what is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from slackwater.fleet.entries import document_type
from slackwater.model.duration import format_duration


class _Generator(GenerateJsonSchema):
    """Writes durations in defaults as the file does."""

    def encode_default(self, dft: object) -> object:
        return format_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def json_schema(settings: Mapping[str, type[BaseModel]]) -> dict[str, object]:
    """Return the JSON Schema (2020-12) of the whole file, the tools' settings included."""
    schema = document_type(settings).model_json_schema(
        by_alias=True, mode="validation", schema_generator=_Generator
    )
    _tidy(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tidy(node: object) -> None:
    """Close mappings whose keys follow a pattern, and drop defaults that say nothing."""
    if isinstance(node, dict):
        # pydantic lets keys of any other form pass beside those of the pattern.
        for pattern, value in node.pop("patternProperties", {}).items():
            node |= {"propertyNames": {"pattern": pattern}, "additionalProperties": value}
        if "default" in node and node["default"] is None:
            del node["default"]
        for inner in node.values():
            _tidy(inner)
    elif isinstance(node, list):
        for inner in node:
            _tidy(inner)
