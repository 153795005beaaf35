"""The checks of the matrix see what they are for: each planted bug shows in its column."""

from __future__ import annotations

import pytest

from .emulated import EtcdBackup, EtcdRestore
from .killing import Point
from .rounds import Player

PUBLISHED = Point("file", "after", of="manifests/")
SAVED = Point("program", "after", of="snapshot save")
STORED = Point("file", "before", of="manifests/")
MOVED = Point("file", "after", of="member.before-")


@pytest.mark.parametrize(
    ("bug", "kind", "at", "column"),
    [
        ("manifest-first", EtcdBackup, PUBLISHED, "lost"),
        ("random-names", EtcdBackup, PUBLISHED, "doubled"),
        ("forgetful-performer", EtcdBackup, SAVED, "lost"),
        ("half-a-snapshot", EtcdBackup, SAVED, "false_green"),
        ("spool-not-swept", EtcdBackup, SAVED, "plain"),
        ("nothing-deleted", EtcdBackup, STORED, "orphans"),
        pytest.param("aside-anew", EtcdRestore, MOVED, "doubled", marks=pytest.mark.long),
    ],
)
def test_a_planted_bug_is_counted(processes, bug, kind, at, column):
    played = Player(kind, processes, bug=bug).play_at(at)
    assert played.kills == [str(at)]
    assert played.verdict.counts[column], played.said
