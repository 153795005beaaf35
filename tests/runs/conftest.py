"""A stage for each test: a ledger, and clusters with a scripted tool."""

from __future__ import annotations

import pytest

from .scripted_tool import Stage


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made
