"""The fleet that these tests ask and break, and a terminal to do it from."""

from __future__ import annotations

import pytest

from slackwater.testing.memory import Volume

from ..client.stage import Stage, drive, stage
from ..client.turning_back import kept
from .terminal import Terminal

__all__ = ["kept", "stage"]


@pytest.fixture
def terminal(stage: Stage, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(stage, capsys)


@pytest.fixture
def saved(stage: Stage) -> Stage:
    """``eu/shop`` is backed up, in the mark ``noon``."""
    stage.put("eu", "shop", tier="gold", volumes=[Volume(claim="data", data="1")])
    with stage.open() as fleet:
        drive(fleet.backup("gold", mark="noon"))
    return stage
