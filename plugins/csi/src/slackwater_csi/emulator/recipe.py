"""Makes a backend of plain arguments, in any process: what the conformance kit's recipes name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from slackwater.backend import Backend, Context
from slackwater.clusters import Cluster
from slackwater.stores.spool import Spool
from slackwater.testing.artefacts import TroubledStore
from slackwater_csi.backend import CsiBackend
from slackwater_csi.errors import TOOL
from slackwater_csi.settings import CsiSettings

PAGE = 10
"""Objects in one list request: few, so that a few points fill several pages."""
TIMEOUT = 3.0
"""Seconds that a backend waits for an API server."""


def clock_of(file: Path) -> Callable[[], datetime]:
    """Return a clock that is ahead by the seconds in a file: all processes see the same."""

    def now() -> datetime:
        ahead = float(file.read_text()) if file.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead)

    return now


def build(
    *,
    cluster: str,
    kubeconfig: str,
    spool: str,
    store: str,
    clock: str,
    settings: Mapping[str, object],
) -> Backend:
    """Make the backend of a cluster by its context."""
    kept, now = TroubledStore(Path(store)), clock_of(Path(clock))
    context = Context(
        cluster=Cluster(cluster, kubeconfig=Path(kubeconfig), context=cluster, timeout=TIMEOUT),
        secret=str,
        spool=Spool(Path(spool)).folder(cluster, TOOL),
        clock=now,
        store=lambda _: kept.open(TOOL, now),
    )
    return CsiBackend(CsiSettings.model_validate(settings), context, page=PAGE)
