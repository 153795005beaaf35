"""Restore plans that were made, by their digest."""

from __future__ import annotations

from sqlalchemy import insert, select

from slackwater.ledger.part import Part
from slackwater.ledger.schema import plan as plans
from slackwater.model.restore_plan import RestorePlan


class Plans(Part):
    """Plans kept as they were shown."""

    def keep_plan(self, plan: RestorePlan) -> None:
        """Keep a plan. The same plan twice is one."""
        with self.database.write() as connection:
            known = select(plans.c.digest).where(plans.c.digest == plan.digest)
            if connection.execute(known).first() is None:
                values = {
                    "digest": plan.digest,
                    "kept": self.clock(),
                    "plan": plan.model_dump_json(),
                }
                connection.execute(insert(plans).values(values))

    def plan(self, digest: str) -> RestorePlan | None:
        """Return the plan of this digest, or None where it was never kept here."""
        with self.database.read() as connection:
            query = select(plans.c.plan).where(plans.c.digest == digest)
            text = connection.execute(query).scalar_one_or_none()
        return None if text is None else RestorePlan.model_validate_json(text)
