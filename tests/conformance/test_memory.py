"""The in-memory backends keep every promise that they make."""

from __future__ import annotations

import pytest

from slackwater.testing.conformance.suite import BackendConformance
from slackwater.testing.memory.subject import ArchiveSubject, MemorySubject


class TestMemoryConformance(BackendConformance):
    column = "memory"

    @pytest.fixture
    def subject(self, tmp_path):
        with MemorySubject(tmp_path) as subject:
            yield subject


class TestArchiveConformance(BackendConformance):
    column = "memory, archive"

    @pytest.fixture
    def subject(self, tmp_path):
        with ArchiveSubject(tmp_path) as subject:
            yield subject
