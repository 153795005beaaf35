"""Errors and warnings of a backup or restore, as Velero files them. Pure.

A file ``…-results.gz`` holds ``{"errors": …, "warnings": …}``, each with messages about Velero
itself, cluster-scoped objects, and each namespace (``pkg/util/results``, 1.18).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from slackwater.model.finding import Finding
from slackwater_velero.voice import Voice

MOST = 20
"""Findings made of one list: the rest is counted. The whole is in Velero's own file."""

_HARMLESS = ("kube-root-ca.crt",)
"""Written by Kubernetes into every namespace, so it is always there already."""


class _Messages(msgspec.Struct):
    velero: list[str] | None = None
    cluster: list[str] | None = None
    namespaces: dict[str, list[str] | None] | None = None


class _Results(msgspec.Struct):
    errors: _Messages | None = None
    warnings: _Messages | None = None


_DECODER = msgspec.json.Decoder(_Results)


_KEPT = re.compile(r'^could not restore, (\w+) "([^"]+)" already exists\. Warning: the in-cluster')
"""Velero's words for an object that was kept as it stands (``pkg/restore``, 1.18)."""


@dataclass(frozen=True)
class Results:
    """Every message, each with the namespace it is about in front."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_results(file: bytes) -> Results:
    """Return the messages of a results file; none where it is not what Velero writes."""
    try:
        read = _DECODER.decode(file)
    except msgspec.MsgspecError:
        return Results()
    return Results(tuple(_said(read.errors)), tuple(_said(read.warnings)))


def set_kept_apart(results: Results) -> tuple[Results, tuple[str, ...]]:
    """Return the results without what Velero says of objects that it kept, and those objects."""
    matches = {message: _KEPT.match(message) for message in results.warnings}
    kept = tuple(f"{match[1]}/{match[2]}" for match in matches.values() if match)
    rest = tuple(message for message in results.warnings if not matches[message])
    return Results(results.errors, rest), kept


def result_findings(
    results: Results, subject: str, voice: Voice, *, severe: bool = False
) -> Iterator[Finding]:
    """Yield what went wrong, what Velero warns of, and as information what is no loss.

    ``severe``: its errors are ours; else they are warnings, for something usable came out of it.
    """
    for message in results.errors[:MOST]:
        say = voice.error if severe else voice.warning
        yield say("velero-error", subject, message)
    for message in results.warnings[:MOST]:
        if _harmless(message):
            yield voice.info("velero-note", subject, message)
        else:
            yield voice.warning("velero-warning", subject, message)
    more = max(len(results.errors) - MOST, 0) + max(len(results.warnings) - MOST, 0)
    if more:
        yield voice.info("velero-more", subject, f"{more} more messages in Velero's own results")


def _harmless(message: str) -> bool:
    return "already exists" in message and any(name in message for name in _HARMLESS)


def _said(messages: _Messages | None) -> Iterator[str]:
    if messages is None:
        return
    yield from messages.velero or ()
    yield from messages.cluster or ()
    for namespace, about in sorted((messages.namespaces or {}).items()):
        yield from (f"{namespace}: {message}" for message in about or ())
