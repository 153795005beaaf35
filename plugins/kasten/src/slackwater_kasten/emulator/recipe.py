"""Makes a backend of plain arguments, in any process: what the conformance kit's recipes name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from slackwater.backend import Backend, Context
from slackwater.clusters import Cluster
from slackwater.testing.artefacts import TroubledStore
from slackwater_kasten.backend import KastenBackend
from slackwater_kasten.settings import KastenSettings
from slackwater_kasten.voice import TOOL

PAGE = 10
"""Objects in one list request: few, so that a few points fill several pages."""


def utc_now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def build(
    *,
    cluster: str,
    kubeconfig: str,
    timeout: float,
    spool: str,
    vault: str,
    settings: Mapping[str, object],
) -> Backend:
    """Make the backend of a cluster by its context; ``timeout`` is in seconds, ``vault`` the folder
    of a store that all clusters use.
    """
    kept = TroubledStore(Path(vault))
    context = Context(
        cluster=Cluster(cluster, kubeconfig=Path(kubeconfig), context=cluster, timeout=timeout),
        secret=str,
        spool=Path(spool),
        clock=utc_now,
        store=lambda _: kept.open(TOOL, utc_now),
    )
    return KastenBackend(KastenSettings.model_validate(settings), context, page=PAGE)
