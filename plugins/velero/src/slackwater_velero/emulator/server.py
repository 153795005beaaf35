"""One emulated Velero server: it watches one namespace of one emulated API."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from slackwater.testing.kubernetes_api import Event, KubernetesApi
from slackwater_velero.emulator.backups import Backups
from slackwater_velero.emulator.cloud import Cloud
from slackwater_velero.emulator.faults import Faults
from slackwater_velero.emulator.objects import (
    BACKUPS,
    DOWNLOAD_REQUESTS,
    STATUS_REQUESTS,
    Home,
    Object,
)
from slackwater_velero.emulator.requests import Requests
from slackwater_velero.emulator.restores import Restores
from slackwater_velero.emulator.schedules import Schedules
from slackwater_velero.emulator.stores import Stores


class VeleroServer:
    """Does nothing by itself but answer requests: ``tick`` is what makes it work."""

    def __init__(
        self,
        api: KubernetesApi,
        cloud: Cloud,
        sign: Callable[[Object, str], str],
        *,
        namespace: str = "velero",
        sync_every: timedelta = timedelta(0),
    ) -> None:
        self.faults = Faults()
        self._home = Home(api, namespace, api.clock)
        self._backups = Backups(self._home, cloud, self.faults)
        self._restores = Restores(self._home, cloud, self.faults)
        self._stores = Stores(self._home, cloud, self._backups.is_running, sync_every)
        self._schedules = Schedules(self._home)
        self._requests = Requests(self._home, sign)
        self._lock = threading.RLock()
        self._alive = True
        self._quiet: list[Callable[[], None]] = [
            api.subscribe(DOWNLOAD_REQUESTS, self._on_download),
            api.subscribe(STATUS_REQUESTS, self._on_status),
            api.subscribe(BACKUPS, self._on_backup),
        ]

    def tick(self) -> None:
        """Take everything one step further; nothing while the server is dead or paused."""
        with self._lock:
            if not self._alive:
                return
            self._stores.tick()
            self._schedules.tick()
            self._backups.tick()
            self._restores.tick()
            self._requests.tick()

    def pause(self) -> None:
        """Stand still, as a server without processor time does; memory is kept."""
        with self._lock:
            self._alive = False

    def resume(self) -> None:
        """Go on after ``pause``."""
        with self._lock:
            self._alive = True

    def kill(self) -> None:
        """Die. What was in progress is lost, which shows at the next ``start``."""
        self.pause()

    def start(self) -> None:
        """Start again after ``kill``: what stands InProgress becomes Failed."""
        with self._lock:
            self._alive = True
            self._backups.recover()
            self._restores.recover()

    def close(self) -> None:
        """Stop watching the API."""
        for stop in self._quiet:
            stop()
        self._quiet.clear()

    def _on_download(self, event: Event) -> None:
        if event.type == "ADDED":
            self._answer(lambda: self._requests.answer_download(event.object))

    def _on_status(self, event: Event) -> None:
        if event.type == "ADDED":
            self._answer(lambda: self._requests.answer_status(event.object))

    def _on_backup(self, event: Event) -> None:
        """Stalled work has begun, so that it is something that does not get on."""
        if event.type == "ADDED" and self.faults.stalled:
            self._answer(self._backups.admit)

    def _answer(self, answer: Callable[[], None]) -> None:
        with self._lock:
            if self._alive:
                answer()
