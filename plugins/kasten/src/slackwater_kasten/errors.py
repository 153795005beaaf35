"""What an API server says, as this backend's errors.

K10's actions and restore points are served by an aggregated API server: where that is down the
API server answers 503, while policies and profiles, which are custom resources, still answer.
"""

from __future__ import annotations

from slackwater.backend.cluster_errors import ClusterErrors, Sorted
from slackwater.errors import BackendUnavailable, ClusterError
from slackwater_kasten.voice import TOOL

NOT_INSTALLED = "install K10 there: https://docs.kasten.io/latest/install/"
API_DOWN = "look at K10's aggregated API: kubectl get apiservices | grep kasten"


class _KastenErrors(ClusterErrors):
    def sort(self, error: ClusterError, doing: str) -> Sorted:
        """Say where to look when the aggregated API does not answer."""
        kind, said, hint = super().sort(error, doing)
        down = kind is BackendUnavailable and error.status == 503
        return kind, said, API_DOWN if down else hint


_ERRORS = _KastenErrors(TOOL, NOT_INSTALLED)
kasten_errors = _ERRORS.translated
translate = _ERRORS.translate
