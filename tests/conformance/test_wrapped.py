"""A wrapper is a backend like any other: what is limited and traced keeps every promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from slackwater.backend.wrappers import limited, traced
from slackwater.testing.conformance.suite import BackendConformance
from slackwater.testing.memory.plugin import build as build_memory
from slackwater.testing.memory.subject import MemorySubject


def build(**arguments):
    return limited(traced(build_memory(**arguments), lambda call: None), 2)


class TestWrappedConformance(BackendConformance):
    column = "memory, wrapped"

    @pytest.fixture
    def subject(self, tmp_path):
        with MemorySubject(tmp_path) as subject:
            subject.factory = f"{Path(__file__).resolve()}:build"
            yield subject
