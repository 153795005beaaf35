"""The peer: the same question in SQL, written by hand for nothing else, in SQLite in memory.

What is asked for is reckoned when a point is written: a row for each workload that it claims, with
all that decides whether it is good for it. These rows lie in the order in which they are looked
for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from .many_points import TOLERANCE, Answer, Row, micros

_SCHEMA = """
CREATE TABLE point (
    number INTEGER PRIMARY KEY, tool TEXT, store TEXT, name TEXT, began INTEGER, ended INTEGER,
    mark INTEGER
);
CREATE TABLE mark (number INTEGER PRIMARY KEY, name TEXT, run TEXT, UNIQUE (name, run));
CREATE TABLE serves (
    cluster TEXT, namespace TEXT, began INTEGER, point INTEGER, ended INTEGER, succeeded INTEGER,
    objects INTEGER, skipped INTEGER, mark INTEGER,
    PRIMARY KEY (cluster, namespace, began, point)
) WITHOUT ROWID;
CREATE TEMP TABLE wanted (
    number INTEGER PRIMARY KEY, cluster TEXT, namespace TEXT, objects INTEGER, volumes INTEGER,
    began INTEGER, point INTEGER
);
"""
_INDEXES = """
CREATE INDEX parts ON point (mark, began, ended) WHERE mark IS NOT NULL;
ANALYZE;
"""
_SERVING = """
    FROM serves s WHERE s.cluster = w.cluster AND s.namespace = w.namespace AND s.ended <= :moment
    AND s.succeeded AND (NOT w.objects OR s.objects > 0) AND (NOT w.volumes OR s.skipped = 0)
"""
_NEWEST = f"""
UPDATE temp.wanted AS w SET (began, point) = (
    SELECT s.began, s.point {_SERVING} AND s.began <= :moment ORDER BY s.began DESC LIMIT 1
)
"""  # noqa: S608  all of it is written here
_MARK = f"""
SELECT m.number, m.name FROM (
    SELECT DISTINCT s.mark FROM temp.wanted w, serves s
    WHERE w.number = 0 AND s.cluster = w.cluster AND s.namespace = w.namespace
    AND s.began BETWEEN w.began - :tolerance AND :moment AND s.ended <= :moment
    AND s.mark IS NOT NULL
) c JOIN mark m ON m.number = c.mark
WHERE NOT EXISTS (
    SELECT 1 FROM temp.wanted w WHERE NOT EXISTS (
        SELECT 1 {_SERVING} AND s.began BETWEEN w.began - :tolerance AND :moment
        AND s.mark = c.mark
    )
)
ORDER BY (
    SELECT max(p.began) FROM point p
    WHERE p.mark = c.mark AND p.began <= :moment AND p.ended <= :moment
) DESC, m.name DESC, m.run DESC LIMIT 1
"""  # noqa: S608  as above
_PARTS = f"""
UPDATE temp.wanted AS w SET point = (
    SELECT s.point {_SERVING} AND s.began <= :moment AND s.mark = :mark
    ORDER BY s.began DESC LIMIT 1
)
"""  # noqa: S608  as above
_ANSWER = """
SELECT w.cluster, w.namespace, p.tool, p.store, p.name, p.began, p.ended
FROM temp.wanted w LEFT JOIN point p ON p.number = w.point ORDER BY w.number
"""


class ByHand:
    """Points in tables, and the question about them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._marks: dict[tuple[str, str], int] = {}
        self._database.execute("BEGIN")
        for number, row in enumerate(rows):
            self._insert(number, row)
        self._database.executemany(
            "INSERT INTO mark VALUES (?, ?, ?)",
            ((number, *mark) for mark, number in self._marks.items()),
        )
        self._database.execute("COMMIT")
        self._database.executescript(_INDEXES)

    def want(self, workloads: Iterable[tuple[str, str]]) -> None:
        """Set of which workloads the next questions are."""
        self._database.execute("DELETE FROM temp.wanted")
        self._database.executemany(
            "INSERT INTO temp.wanted VALUES (?, ?, ?, TRUE, TRUE, NULL, NULL)",
            ((number, *workload) for number, workload in enumerate(workloads)),
        )

    def ask(self, moment: datetime) -> Answer:
        """Choose, as ``Planned`` does."""
        asked = {"moment": micros(moment), "tolerance": TOLERANCE // timedelta(microseconds=1)}
        self._database.execute(_NEWEST, asked)
        shared = self._database.execute(_MARK, asked).fetchone()
        number, name = shared or (None, "")
        if shared:
            self._database.execute(_PARTS, {**asked, "mark": number})
        return name, self._database.execute(_ANSWER).fetchall()

    def rows(self, answer: Answer) -> Answer:
        """Return the answer: it is rows already."""
        return answer

    def _insert(self, number: int, row: Row) -> None:
        mark = None
        if row.mark:
            mark = self._marks.setdefault((row.mark, row.run), len(self._marks))
        began, ended = micros(row.begin), micros(row.end)
        self._database.execute(
            "INSERT INTO point VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, row.tool, row.store, row.name, began, ended, mark),
        )
        self._database.executemany(
            "INSERT INTO serves VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (row.cluster, each, began, number, ended, row.succeeded, 40, row.skipped, mark)
                for each in row.namespaces
            ),
        )
