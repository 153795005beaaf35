"""The checks of the matrix see what they are for: each planted bug shows in its column."""

from __future__ import annotations

import pytest

from .csi_side import CsiBackup, CsiRestore
from .emulated import EtcdBackup, EtcdRestore
from .kasten_side import KastenBackup, KastenRestoreElsewhere, KastenRestoreInPlace
from .killing import Point
from .rounds import Player

PUBLISHED = Point("file", "after", of="manifests/")
SAVED = Point("program", "after", of="snapshot save")
STORED = Point("file", "before", of="manifests/")
MOVED = Point("file", "after", of="member.before-")
K10 = "/apis/actions.kio.kasten.io/v1alpha1/namespaces"
ASKED = Point("request", "after", of=f"POST {K10}/shop/backupactions")
RESTORED = Point("request", "after", of=f"POST {K10}/shop/restoreactions")
SNAPSHOTTED = Point(
    "request", "after", of="POST /apis/snapshot.storage.k8s.io/v1/namespaces/shop/volumesnapshots"
)
TAKEN = Point("request", "after", of="DELETE /api/v1/namespaces/shop/persistentvolumeclaims/data")


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
        pytest.param("keys-forgotten", KastenBackup, ASKED, "doubled", marks=pytest.mark.long),
        ("way-told", KastenBackup, ASKED, "plain"),
        pytest.param(
            "half-restored", KastenRestoreInPlace, RESTORED, "false_green", marks=pytest.mark.long
        ),
        pytest.param(
            "half-restored", KastenRestoreElsewhere, RESTORED, "false_green", marks=pytest.mark.long
        ),
        pytest.param(
            "nothing-removed", KastenRestoreElsewhere, RESTORED, "orphans", marks=pytest.mark.long
        ),
        ("not-retained", CsiBackup, SNAPSHOTTED, "false_green"),
        pytest.param("keys-forgotten", CsiBackup, SNAPSHOTTED, "doubled", marks=pytest.mark.long),
        pytest.param("old-volume-let-go", CsiRestore, TAKEN, "lost", marks=pytest.mark.long),
        pytest.param("nothing-removed", CsiRestore, TAKEN, "orphans", marks=pytest.mark.long),
    ],
)
def test_a_planted_bug_is_counted(processes, bug, kind, at, column):
    played = Player(kind, processes, bug=bug).play_at(at)
    assert played.kills == [str(at)]
    assert played.verdict.counts[column], played.said
