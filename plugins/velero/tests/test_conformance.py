"""Velero keeps every promise of the contract, on the emulated server."""

from __future__ import annotations

import pytest

from slackwater.testing.conformance.suite import BackendConformance
from slackwater_velero.emulator.subject import VeleroSubject


class TestConformance(BackendConformance):
    column = "Velero, emulated"

    @pytest.fixture
    def subject(self, tmp_path):
        with VeleroSubject(tmp_path) as subject:
            yield subject
