"""Files of a backup or restore, by DownloadRequest: the server signs a URL, we fetch it.

The signed URL opens the file to whoever has it: it is never logged, shown or put into an error.
"""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

from slackwater.backend.polling import answered
from slackwater.errors import BackendError, ObjectExists
from slackwater_velero.access import Velero
from slackwater_velero.locations import Location, authority_of
from slackwater_velero.objects import DownloadRequest
from slackwater_velero.resources import DOWNLOAD_REQUESTS, manifest


class Target(StrEnum):
    """The kinds of files that we ask for, in Velero's words."""

    BACKUP_LOG = "BackupLog"
    BACKUP_RESULTS = "BackupResults"
    BACKUP_VOLUMES = "BackupVolumeInfos"
    BACKUP_OBJECTS = "BackupResourceList"
    RESTORE_LOG = "RestoreLog"
    RESTORE_RESULTS = "RestoreResults"


@dataclass(frozen=True)
class Missing:
    """A file that could not be had, and why, in a sentence."""

    reason: str


File = bytes | Missing


@dataclass(frozen=True)
class Downloads:
    """Fetches files of one installation.

    ``within`` is in seconds, for the server's answers to one call. ``more_authority`` returns the
    user's own CA certificates as PEM, or nothing.
    """

    velero: Velero
    within: float
    more_authority: Callable[[], bytes]

    def read(
        self, targets: Sequence[Target], name: str, location: Location
    ) -> Mapping[Target, File]:
        """Return the files of the backup or restore of that name, unpacked.

        All requests are made before the first is waited for: the server has one worker for them.
        """
        try:
            context = self._trust(location)
        except ValueError as error:
            return dict.fromkeys(targets, Missing(str(error)))
        with self._requested(targets, name) as requests:
            urls = self._urls(requests)
            return {target: _fetched(urls.get(target), context) for target in targets}

    def _trust(self, location: Location) -> ssl.SSLContext:
        """The system's certificates, the location's and the user's. Raises ``ValueError``."""
        context = ssl.create_default_context()
        if not location.verifies:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            for authority in (authority_of(self.velero, location), self.more_authority()):
                if authority:
                    context.load_verify_locations(cadata=authority.decode())
        except (ssl.SSLError, UnicodeDecodeError) as error:
            raise ValueError("the CA certificates of the location are not readable") from error
        return context

    @contextmanager
    def _requested(self, targets: Sequence[Target], name: str) -> Iterator[dict[Target, str]]:
        """Requests exist while the block runs. What a killed process leaves, the server sweeps."""
        requests: dict[Target, str] = {}
        try:
            for target in targets:
                requests[target] = self._request(target, name)
            yield requests
        finally:
            for request in requests.values():
                with suppress(BackendError):
                    self.velero.delete(DOWNLOAD_REQUESTS, request)

    def _request(self, target: Target, name: str) -> str:
        request = f"{name[:200]}-{uuid.uuid4().hex[:12]}"
        spec = {"target": {"kind": target.value, "name": name}}
        body = manifest(DOWNLOAD_REQUESTS, request, self.velero.namespace, spec=spec)
        with suppress(ObjectExists):  # our own, made by a request whose answer was lost
            self.velero.create(DOWNLOAD_REQUESTS, body)
        return request

    def _urls(self, requests: Mapping[Target, str]) -> dict[Target, str]:
        """Whatever was signed in time. A request that can never be served just stays as it is."""
        urls: dict[Target, str] = {}

        def ask() -> bool:
            for target, request in requests.items():
                if target not in urls and (url := self._signed(request)):
                    urls[target] = url
            return len(urls) == len(requests)

        answered(ask, within=self.within)
        return urls

    def _signed(self, request: str) -> str:
        read = self.velero.find(DOWNLOAD_REQUESTS, request, DownloadRequest)
        return read.status.download_url if read and read.status else ""


def _fetched(url: str | None, context: ssl.SSLContext) -> File:
    from slackwater_velero.fetching import FetchFailed, fetch  # httpx takes half a second

    if not url:
        return Missing("the Velero server did not answer the download request in time")
    try:
        return fetch(url, context)
    except FetchFailed as failure:
        return Missing(str(failure))
