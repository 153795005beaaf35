"""A ledger for each test, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slackwater.ledger import Ledger

NOW = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "ledger.db"


@pytest.fixture
def open_ledger(path):
    opened = []

    def open_it(**given):
        opened.append(Ledger.open(path, clock=lambda: NOW, **given))
        return opened[-1]

    yield open_it
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger):
    return open_ledger()
