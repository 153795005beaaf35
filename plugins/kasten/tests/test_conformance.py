"""K10 keeps the promises of the contract, on the emulated server."""

from __future__ import annotations

import pytest

from slackwater.testing.conformance.suite import BackendConformance
from slackwater_kasten.emulator.subject import KastenSubject


class TestConformance(BackendConformance):
    column = "Kasten, emulated"

    @pytest.fixture
    def subject(self, tmp_path):
        with KastenSubject(tmp_path) as subject:
            yield subject
