"""The acts of this backend, as they stand in ``Act.payload`` under ``do``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from slackwater.errors import Unsupported
from slackwater.model.act import Act
from slackwater_kasten.voice import TOOL


class Do(StrEnum):
    """What is to be done. The first six are operated by K10, the others performed by us."""

    BACKUP = "backup"
    EXPORT = "export"
    RESTORE = "restore"
    RETIRE = "retire"
    WAIT_FOR_POLICY = "wait-for-policy"
    RUN_IMPORT = "run-import"
    ADD_IMPORT = "add-import"
    REMOVE_IMPORT = "remove-import"
    KEEP_RECEIVE = "keep-receive"
    FORGET_RECEIVE = "forget-receive"
    BIND = "bind"
    UNBIND = "unbind"
    VERIFY = "verify"


def done_by(act: Act) -> Do:
    """Return what an act does. Raises ``Unsupported`` for an act that is none of ours."""
    try:
        return Do(str(act.payload.get("do")))
    except ValueError as error:
        raise Unsupported(f"{act.title}: this is no act of K10", backend=TOOL) from error


def text(payload: Mapping[str, object], name: str) -> str:
    """Return a word of a payload."""
    return str(payload.get(name, ""))


def table(payload: Mapping[str, object], name: str) -> dict[str, object]:
    """Return a table of a payload, such as the spec of an object."""
    found = payload.get(name)
    return dict(found) if isinstance(found, Mapping) else {}


def words(payload: Mapping[str, object], name: str) -> dict[str, str]:
    """Return a table of words of a payload."""
    return {str(k): str(v) for k, v in table(payload, name).items()}
