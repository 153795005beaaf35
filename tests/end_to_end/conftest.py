"""One road for each test: real clusters, shared by all; a fleet file and a ledger of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slackwater import Fleet

from .road import Road

if TYPE_CHECKING:
    from slackwater_testbed.testbed import Testbed


@pytest.fixture
def road(testbed: Testbed, tmp_path: Path) -> Iterator[Road]:
    """The way through the fleet; what it names is removed afterwards."""
    made = Road(testbed, tmp_path)
    yield made
    made.close()


@pytest.fixture
def fleet(road: Road) -> Iterator[Fleet]:
    """The fleet of the clusters east and west."""
    with road.open() as opened:
        yield opened
