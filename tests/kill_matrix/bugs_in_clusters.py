"""Bugs for the tools whose work lies in clusters: K10, and snapshots by CSI."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

from slackwater_csi import backend as csi_backend
from slackwater_csi import replacing, starting
from slackwater_csi.keeping import Keeper
from slackwater_kasten import backend as kasten_backend
from slackwater_kasten import importing
from slackwater_kasten.keeping_receive import keep
from slackwater_kasten.restoring import wanted_restore
from slackwater_kasten.verification import Verifier


def _put(place: object, name: str, bug: object) -> None:
    mock.patch.object(place, name, bug).start()


def _keys_forgotten() -> None:
    """Nobody looks for what was made under a key, its name is not the key's alone, and what is one
    too many is not removed.
    """
    _put(kasten_backend, "under_key", lambda *_: None)
    _put(kasten_backend, "create_once", _created_anew(kasten_backend.create_once))
    _put(starting, "made_under", lambda *_: [])
    _put(starting, "member_name", _named_anew(starting.member_name))
    _put(csi_backend, "tidy", lambda *_: {})


def _created_anew(create: Callable[..., Any]) -> Callable[..., Any]:
    def created(kasten: Any, act: Any, key: Any, wanted: Any) -> Any:
        anew = replace(wanted, stem=f"{wanted.stem}-{os.getpid()}")
        return create(kasten, act, key, anew)

    return created


def _named_anew(name: Callable[..., str]) -> Callable[..., str]:

    return lambda stem, of: name(stem, f"{of}/{os.getpid()}")


def _nothing_removed() -> None:
    """What was made for the time of a restore only stays."""
    _put(importing, "remove_import", lambda *_: {})
    _put(csi_backend.showing, "hide", lambda *_: {})


def _half_restored() -> None:
    """A filter that nobody planned leaves objects out, and nobody compares."""

    def without(*args: Any) -> Any:
        wanted = wanted_restore(*args)
        left_out = {"excludeResources": [{"resource": "configmaps"}]}
        return replace(wanted, spec={**wanted.spec, "filters": left_out})

    _put(kasten_backend, "wanted_restore", without)
    _put(Verifier, "verify", lambda *_: {"findings": []})


def _way_told() -> None:
    """The receive string is in the result of the act that keeps it."""

    def told(kasten: Any, open_store: Any, act: Any, key: Any, now: Any) -> Any:
        kept = keep(kasten, open_store, act, key, now)
        found = kasten.list_ours(kasten_backend.EXPORT_ACTIONS, dict, "")
        return {**kept, "receive": [each["spec"]["receiveString"] for each in found]}

    _put(kasten_backend, "keep", told)


def _not_retained() -> None:
    """Snapshots count as kept while their contents still go with the namespace."""
    _put(Keeper, "_retain", lambda *_: None)


def _old_volume_let_go() -> None:
    """The volume that is exchanged is not kept before its claim is deleted."""
    _put(replacing, "_keep_volume", lambda *_: None)


BUGS: Mapping[str, Callable[[], None]] = {
    "keys-forgotten": _keys_forgotten,
    "nothing-removed": _nothing_removed,
    "half-restored": _half_restored,
    "way-told": _way_told,
    "not-retained": _not_retained,
    "old-volume-let-go": _old_volume_let_go,
}
