"""The pace of runs in the matrix: tools that are emulated work quickly, and are looked at often."""

from __future__ import annotations

from unittest import mock

from sqlalchemy import Engine, event

from slackwater.client import fleet
from slackwater.runs.timing import Timing

QUICK = Timing(
    poll_first=0.02,
    poll_longest=0.1,
    follow=0.02,
    again_first=0.05,
    again_longest=0.2,
    patience=60.0,
    appear=10.0,
    untold=10.0,
    identity=0.0,
    progress=0.0,
)


def hurry() -> None:
    """Have this process look at its tools more often than a person would want to pay for.

    A killed process loses nothing that it has handed over to the system, so nothing is flushed.
    """
    mock.patch.object(fleet, "Timing", return_value=QUICK).start()
    event.listen(Engine, "connect", _leave_flushing_to_the_system)


def _leave_flushing_to_the_system(connection: object, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")  # type: ignore[attr-defined]
