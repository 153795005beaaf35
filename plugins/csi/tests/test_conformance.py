"""CSI snapshots keep every promise of the contract, on emulated controllers."""

from __future__ import annotations

import pytest

from slackwater.testing.conformance.suite import BackendConformance
from slackwater_csi.emulator.subject import CsiSubject


class TestConformance(BackendConformance):
    column = "CSI, emulated"

    @pytest.fixture
    def subject(self, tmp_path):
        with CsiSubject(tmp_path) as subject:
            yield subject
