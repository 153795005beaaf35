"""The fleets that these tests ask and break, and terminals to do it from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slackwater.client import fleet

from ..cli.conftest import saved, stage, terminal
from ..client.stage import QUICK
from .home import Place, at_home, with_both_tools

__all__ = ["both", "home", "quick", "saved", "stage", "terminal"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs look often, and give up soon."""
    monkeypatch.setattr(fleet, "Timing", lambda: QUICK)


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str], quick: None) -> Iterator[Place]:
    with at_home(tmp_path, capsys) as made:
        yield made


@pytest.fixture
def both(tmp_path: Path, capsys: pytest.CaptureFixture[str], quick: None) -> Iterator[Place]:
    with with_both_tools(tmp_path, capsys) as made:
        yield made
