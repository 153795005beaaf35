"""The acts of this backend, as they stand in ``Act.payload`` under ``do``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from slackwater.errors import Unsupported
from slackwater.model.act import Act
from slackwater_velero.voice import TOOL


class Do(StrEnum):
    """What is to be done. The first four are operated by Velero, the others performed by us."""

    BACKUP = "backup"
    RESTORE = "restore"
    DELETE = "delete"
    WAIT_FOR_SYNC = "wait-for-sync"
    SHOW_STORE = "show-store"
    HIDE_STORE = "hide-store"
    ADD_CHANGES = "add-changes"
    REMOVE_CHANGES = "remove-changes"
    CHOOSE_KINDS = "choose-kinds"
    VERIFY = "verify"
    REMOVE_RECORD = "remove-record"


BACKUPS = "backups"
RESTORES = "restores"
"""Names of limits, see ``Description.limits``."""


def done_by(act: Act) -> Do:
    """Return what an act does. Raises ``Unsupported`` for an act that is none of ours."""
    try:
        return Do(str(act.payload.get("do")))
    except ValueError as error:
        raise Unsupported(f"{act.title}: this is no act of Velero", backend=TOOL) from error


def text(payload: Mapping[str, object], name: str) -> str:
    """Return a word of a payload."""
    return str(payload.get(name, ""))


def words(payload: Mapping[str, object], name: str) -> dict[str, str]:
    """Return a table of words of a payload."""
    return {str(k): str(v) for k, v in table(payload, name).items()}


def table(payload: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a table of a payload, such as the spec of an object."""
    found = payload.get(name)
    return found if isinstance(found, Mapping) else {}


def go_duration(span: timedelta) -> str:
    """Return a span of time as Go writes it: ``720h0m0s``."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s"
