"""Deletion plans: which recovery point goes, by which acts, and what is lost with it."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from slackwater.model.finding import Finding, worst
from slackwater.model.frozen import Frozen
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.restore_plan import Pin
from slackwater.model.step import Step


class DeletionPlan(Frozen):
    """Everything a deletion will do. Consent is given to its digest, as to that of a restore.

    ``cluster`` is the one whose tool deletes: it may write to the store.
    """

    made_at: datetime
    point: RecoveryPoint
    cluster: str
    pins: tuple[Pin, ...] = ()
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits in two groups, over what is deleted and how."""
        parts = self.model_dump(mode="json", include={"cluster", "pins", "steps"})
        parts["point"] = str(self.point.id)
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
        digits = hashlib.sha256(text.encode()).hexdigest()[:8]
        return f"{digits[:4]}-{digits[4:]}"

    @property
    def blocked(self) -> bool:
        """Whether a finding forbids to run it."""
        severity = worst(self.findings)
        return severity is not None and severity.rank == 2
