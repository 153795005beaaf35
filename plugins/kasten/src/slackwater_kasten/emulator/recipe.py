"""Makes a backend of plain arguments, in any process: what the conformance kit's recipes name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from slackwater.backend import Backend, Context
from slackwater.clusters import Cluster
from slackwater_kasten.backend import KastenBackend
from slackwater_kasten.settings import KastenSettings

PAGE = 10
"""Objects in one list request: few, so that a few points fill several pages."""


def build(cluster: str, kubeconfig: str, timeout: float, spool: str, **settings: str) -> Backend:
    """Make the backend of a cluster by its context; ``timeout`` is in seconds."""
    access = Cluster(cluster, kubeconfig=Path(kubeconfig), context=cluster, timeout=timeout)
    context = Context(
        cluster=access, secret=str, spool=Path(spool), clock=lambda: datetime.now(UTC)
    )
    return KastenBackend(KastenSettings.model_validate(settings), context, page=PAGE)
