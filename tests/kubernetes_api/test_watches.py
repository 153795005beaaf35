"""Watches: the same on the emulator and on kube-apiserver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .space import Object, Space


@contextmanager
def watching(space: Space, **parameters: Any) -> Iterator[Iterator[Object]]:
    """The events in a namespace, without those of what controllers put there."""
    parameters |= {"watch": "true", "fieldSelector": "metadata.name!=kube-root-ca.crt"}
    with space.http.stream("GET", space.path(), params=parameters) as answer:
        yield (json.loads(line) for line in answer.iter_lines() if line)


def version(space: Space) -> str:
    found: str = space.http.get(space.path()).json()["metadata"]["resourceVersion"]
    return found


def told(event: Object) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_a_watch_tells_every_change_after_its_version(space: Space) -> None:
    space.config("before")
    since = version(space)
    with watching(space, resourceVersion=since) as events:
        space.config("one")
        assert told(next(events)) == ("ADDED", "one")
        headers = {"Content-Type": "application/merge-patch+json"}
        patch = {"data": {"tide": "ebb"}}
        space.http.patch(space.path(name="one"), json=patch, headers=headers)
        assert told(next(events)) == ("MODIFIED", "one")
        space.http.delete(space.path(name="one"))
        last = next(events)
    assert told(last) == ("DELETED", "one")
    assert last["object"]["kind"] == "ConfigMap"


def test_a_watch_begins_in_the_past(space: Space) -> None:
    since = version(space)
    for name in ("one", "two"):
        space.config(name)
    with watching(space, resourceVersion=since) as events:
        assert [told(next(events))[1] for _ in range(2)] == ["one", "two"]


def test_a_watch_without_a_version_begins_with_what_exists(space: Space) -> None:
    space.config("one")
    with watching(space) as events:
        assert told(next(events)) == ("ADDED", "one")


def test_what_ceases_to_match_is_told_as_deleted(space: Space) -> None:
    space.config("one", labels={"tier": "gold"})
    since = version(space)
    headers = {"Content-Type": "application/merge-patch+json"}
    with watching(space, resourceVersion=since, labelSelector="tier=gold") as events:
        for tier in ("silver", "gold"):
            patch = {"metadata": {"labels": {"tier": tier}}}
            space.http.patch(space.path(name="one"), json=patch, headers=headers)
        assert [told(next(events))[0] for _ in range(2)] == ["DELETED", "ADDED"]


def test_a_watch_ends_after_the_time_asked_for(space: Space) -> None:
    with watching(space, resourceVersion=version(space), timeoutSeconds=1) as events:
        assert list(events) == []
