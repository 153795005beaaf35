"""The fleet that these tests ask and break, and a terminal to do it from."""

from __future__ import annotations

from ..cli.conftest import saved, stage, terminal

__all__ = ["saved", "stage", "terminal"]
