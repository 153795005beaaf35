"""The emulated schedule controller."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC

from slackwater.testing.kubernetes_api import ApiError
from slackwater_velero.emulator.objects import (
    BACKUPS,
    SCHEDULES,
    Home,
    Object,
    moment_of,
    name_of,
    phase_of,
)
from slackwater_velero.labels import SCHEDULE_NAME
from slackwater_velero.schedules import next_due


@dataclass
class Schedules:
    """Makes the Backups of one server's Schedules. Paused ones are not even looked at."""

    home: Home

    def tick(self) -> None:
        """Make a Backup for each Schedule that is due; several missed times make one."""
        for schedule in self.home.all(SCHEDULES):
            if not schedule["spec"].get("paused"):
                self._look_at(schedule)

    def _look_at(self, schedule: Object) -> None:
        status = schedule.get("status") or {}
        last = moment_of(status.get("lastBackup") or schedule["metadata"]["creationTimestamp"])
        if last is None:
            return
        due = next_due(schedule["spec"].get("schedule", ""), last)
        if due is None:
            errors = {"phase": "FailedValidation", "validationErrors": ["invalid schedule"]}
            self.home.change(SCHEDULES, schedule, {"status": errors})
            return
        if phase_of(schedule) != "Enabled":
            self.home.change(SCHEDULES, schedule, {"status": {"phase": "Enabled"}})
        if due <= self.home.clock() and not self._has_running(name_of(schedule)):
            self._make(schedule)

    def _has_running(self, schedule: str) -> bool:
        """Queued and ReadyToStart do not count, in the real server either."""
        return any(
            (each["metadata"].get("labels") or {}).get(SCHEDULE_NAME) == schedule
            and phase_of(each) in ("", "New", "InProgress")
            for each in self.home.all(BACKUPS)
        )

    def _make(self, schedule: Object) -> None:
        moment = self.home.clock().astimezone(UTC).strftime("%Y%m%d%H%M%S")
        template = dict(schedule["spec"].get("template") or {})
        given = (template.pop("metadata", None) or {}).get("labels")
        labels = given or schedule["metadata"].get("labels") or {}
        backup = {
            "apiVersion": "velero.io/v1",
            "kind": "Backup",
            "metadata": {
                "name": f"{name_of(schedule)}-{moment}",
                "namespace": self.home.namespace,
                "labels": {**labels, SCHEDULE_NAME: name_of(schedule)},
                "annotations": dict(schedule["metadata"].get("annotations") or {}),
            },
            "spec": template,
        }
        with suppress(ApiError):
            self.home.api.create(backup)
        change = {"status": {"lastBackup": self.home.now()}}
        self.home.change(SCHEDULES, schedule, change)
