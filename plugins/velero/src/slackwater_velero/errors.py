"""What an API server says, as this backend's errors."""

from __future__ import annotations

from slackwater.backend.cluster_errors import ClusterErrors
from slackwater_velero.voice import TOOL

NOT_INSTALLED = "install Velero there: https://velero.io/docs/main/basic-install/"

_ERRORS = ClusterErrors(TOOL, NOT_INSTALLED)
velero_errors = _ERRORS.translated
translate = _ERRORS.translate
