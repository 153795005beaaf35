"""Python's collector rests while points come in, and not longer."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from slackwater.catalogue import gather


class Observed:
    """Connections with one tool in one cluster, which notes whether the collector rests."""

    names = ("eu",)

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.rested = False

    def clock(self) -> datetime:
        return datetime(2026, 1, 5, tzinfo=UTC)

    def tools(self, cluster: str) -> tuple[str, ...]:
        return ("tool",)

    def backend(self, cluster: str, tool: str) -> Observed:
        return self

    def list_recovery_points(self, query: object) -> Iterator[object]:
        self.rested = not gc.isenabled()
        if self.error:
            raise self.error
        return iter(())


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_the_collector_rests_and_works_again() -> None:
    seen = Observed()
    gather(seen)
    assert seen.rested
    assert gc.isenabled()


def test_it_works_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        gather(Observed(ZeroDivisionError()))
    assert gc.isenabled()


@pytest.mark.usefixtures("collector_off")
def test_a_program_that_runs_without_it_keeps_it_off() -> None:
    gather(Observed())
    assert not gc.isenabled()
