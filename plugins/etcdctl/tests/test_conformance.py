"""etcdctl keeps every promise of the contract, on emulated members."""

from __future__ import annotations

import pytest

from slackwater.testing.conformance.suite import BackendConformance
from slackwater_etcdctl.emulator.subject import EtcdSubject


class TestConformance(BackendConformance):
    column = "etcdctl, stand-ins"

    @pytest.fixture
    def subject(self, tmp_path):
        with EtcdSubject(tmp_path) as subject:
            yield subject
