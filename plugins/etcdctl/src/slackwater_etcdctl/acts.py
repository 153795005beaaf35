"""The acts of this backend, as they stand in ``Act.payload`` under ``do``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from slackwater.errors import Unsupported
from slackwater.model.act import Act
from slackwater_etcdctl.errors import TOOL


class Do(StrEnum):
    """What is to be done outside of a restore. All acts are performed by us, or by a person."""

    BACKUP = "backup"
    DELETE = "delete"


def text(act: Act, name: str) -> str:
    """Return a word of an act's payload."""
    return str(act.payload.get(name, ""))


def table(act: Act, name: str) -> Mapping[str, object]:
    """Return a table of an act's payload."""
    found = act.payload.get(name)
    return found if isinstance(found, Mapping) else {}


def not_ours(act: Act) -> Unsupported:
    """Return the error for an act that this backend does not know."""
    return Unsupported(f"{act.title}: this is no act of {TOOL}", backend=TOOL)
