"""skeleton keeps every promise that it makes, on the played tool."""

from __future__ import annotations

import pytest

from slackwater.testing.conformance.suite import BackendConformance
from slackwater_skeleton.emulator import SkeletonSubject


class TestConformance(BackendConformance):
    @pytest.fixture
    def subject(self, tmp_path):
        with SkeletonSubject(tmp_path) as subject:
            yield subject
