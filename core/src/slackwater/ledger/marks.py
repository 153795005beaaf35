"""Marks: which points were made together, and whether all of them were."""

from __future__ import annotations

from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Row, delete, insert, select

from slackwater.ledger.part import Part
from slackwater.ledger.schema import mark as marks
from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import PointId
from slackwater.model.workload import Workload


class MarkPart(Frozen):
    """One workload of a mark, and its point. ``lacking`` says what is missing; empty when good."""

    workload: Workload
    point: PointId | None = None
    begin: datetime | None = None
    lacking: str = ""


class Mark(Frozen):
    """Backups started together by one run. ``spread`` is in seconds, None without any point."""

    name: str
    run: str
    at: datetime
    parts: tuple[MarkPart, ...]
    spread: float | None = None

    @property
    def missing(self) -> tuple[MarkPart, ...]:
        """The parts without a good point."""
        return tuple(part for part in self.parts if part.lacking)

    @property
    def complete(self) -> bool:
        """Whether every part has a good point."""
        return not self.missing


_PARTS = TypeAdapter(tuple[MarkPart, ...])


class Marks(Part):
    """Marks by name and run: a name may be used again, the newest comes first."""

    def keep_mark(self, mark: Mark) -> None:
        """Keep a mark, in place of what the same run said of it before."""
        values = {
            **mark.model_dump(include={"name", "run", "at", "spread"}),
            "complete": mark.complete,
            "parts": _PARTS.dump_json(mark.parts).decode(),
        }
        with self.database.write() as connection:
            connection.execute(
                delete(marks).where(marks.c.name == mark.name, marks.c.run == mark.run)
            )
            connection.execute(insert(marks).values(values))

    def marks(self, name: str = "") -> tuple[Mark, ...]:
        """Return all marks, or those of one name, newest first."""
        query = select(marks).order_by(marks.c.at.desc())
        if name:
            query = query.where(marks.c.name == name)
        with self.database.read() as connection:
            return tuple(_mark(row) for row in connection.execute(query))


def _mark(row: Row[tuple[object, ...]]) -> Mark:
    return Mark(
        name=row.name,
        run=row.run,
        at=row.at,
        spread=row.spread,
        parts=_PARTS.validate_json(row.parts),
    )
