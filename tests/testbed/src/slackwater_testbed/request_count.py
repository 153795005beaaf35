"""Counts the requests of this process to API servers."""

from __future__ import annotations

import logging


class RequestCount(logging.Handler):
    """Counts what urllib3 logs of each request at its end; to be added to its logger."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a request."""
        self.count += "HTTP/" in str(record.msg) or len(record.args or ()) >= 6
