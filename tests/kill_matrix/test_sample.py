"""A few rounds of the matrix, at the points where most could go wrong."""

from __future__ import annotations

import pytest

from .csi_side import CsiRestore
from .emulated import EtcdBackup, EtcdRestore, MarkOverBoth, VeleroBackup, VeleroRestore
from .kasten_side import KastenRestoreElsewhere
from .killing import Point
from .rounds import Player

K10 = "/apis/actions.kio.kasten.io/v1alpha1/namespaces"
ASKED = "POST /apis/velero.io/v1/namespaces/velero/"


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        (VeleroBackup, Point("request", "after", of=f"{ASKED}backups")),
        (VeleroRestore, Point("request", "after", of=f"{ASKED}restores")),
        (EtcdBackup, Point("program", "after", of="snapshot save")),
        (EtcdBackup, Point("file", "after", of="manifests/")),
        (EtcdRestore, Point("file", "after", of="member.before-")),
        (MarkOverBoth, Point("ledger", "after", 6)),
        (KastenRestoreElsewhere, Point("request", "after", of=f"POST {K10}/shop/restoreactions")),
        (CsiRestore, Point("request", "after", of="DELETE /api/v1/namespaces/shop/persist")),
    ],
)
def test_a_run_that_was_killed_ends_as_if_it_had_not_been(processes, kind, at):
    played = Player(kind, processes).play_at(at)
    assert played.kills == [str(at)]
    assert played.resumed == 1
    found = [line for line in played.verdict.lines() if "parts/" not in line]  # swept a day later
    assert found == [], played.said
