"""The process that runs commands of ours, shared by all tests here: it takes seconds to load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .commands import Commands, commands


@pytest.fixture(scope="session")
def processes() -> Iterator[Commands]:
    with commands() as started:
        yield started
