"""CSI snapshots keep every promise of the contract, on emulated controllers."""

from __future__ import annotations

import pytest

from slackwater.testing.conformance.suite import BackendConformance
from slackwater_csi import looking
from slackwater_csi.emulator.subject import CsiSubject


class TestConformance(BackendConformance):
    column = "CSI, emulated"

    @pytest.fixture
    def subject(self, tmp_path, monkeypatch):
        monkeypatch.setattr(looking, "_ANSWERED_WITHIN", 0.1)  # no driver answers between steps
        with CsiSubject(tmp_path) as subject:
            yield subject
