"""Hooks: commands that a pod's annotations name, to be run before and after its volumes are taken.

The annotations are those that Velero documents (Backup Hooks), so that what quiets an application
for one tool quiets it for the other. Only pods can name them: what a database needs to hold still
is known to whoever runs it. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from slackwater_csi.objects import Pod

_SECONDS = 30.0
"""Velero's default for ``timeout``."""
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


class When(StrEnum):
    """On which side of the snapshots a hook runs; Velero says ``pre`` and ``post``."""

    BEFORE = "before"
    AFTER = "after"


_PREFIX = {When.BEFORE: "pre.hook.backup.velero.io/", When.AFTER: "post.hook.backup.velero.io/"}


@dataclass(frozen=True)
class Hook:
    """A command in a container. ``required``: a recovery point is partial where it fails.

    ``seconds`` is how long it may take. The command may hold a secret: it is in no message.
    """

    pod: str
    container: str
    when: When
    command: tuple[str, ...]
    required: bool = True
    seconds: float = _SECONDS


def hook_of(pod: Pod, when: When) -> Hook | None:
    """Return the hook that a pod names for one side, or None."""
    found, prefix = pod.metadata, _PREFIX[when]
    command = _words(found.annotation(f"{prefix}command"))
    if not command:
        return None
    return Hook(
        pod=found.name,
        container=found.annotation(f"{prefix}container") or pod.first_container,
        when=when,
        command=command,
        required=found.annotation(f"{prefix}on-error") != "Continue",
        seconds=_duration(found.annotation(f"{prefix}timeout")),
    )


def with_hooks(pods: Iterable[Pod], claim: str = "") -> Iterator[Pod]:
    """Yield the running pods that name hooks; with ``claim`` only those that use it."""
    return (pod for pod in pods if pod.runs and names_hooks(pod, claim))


def names_hooks(pod: Pod, claim: str = "") -> bool:
    """Whether a pod names hooks, and uses the ``claim`` if one is meant."""
    meant = not claim or claim in pod.claims
    return meant and any(hook_of(pod, when) for when in When)


def _words(text: str) -> tuple[str, ...]:
    """A JSON list, or else one word: so Velero reads it."""
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            return (text,)
        return tuple(map(str, listed)) if isinstance(listed, list) else (text,)
    return (text,) if text else ()


def _duration(text: str) -> float:
    """Seconds of ``1m30s``; Velero takes its default for what it cannot read."""
    if not _DURATION.fullmatch(text):
        return _SECONDS
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    return seconds or _SECONDS
