"""Makes a backend of plain arguments, in any process: what the conformance kit's recipes name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from slackwater.backend import Backend, Context
from slackwater.clusters import Cluster, utc_now
from slackwater.stores.spool import Spool
from slackwater.testing.artefacts import TroubledStore
from slackwater_etcdctl.backend import EtcdctlBackend
from slackwater_etcdctl.errors import TOOL
from slackwater_etcdctl.settings import EtcdctlSettings


def build(
    *,
    cluster: str,
    kubeconfig: str,
    spool: str,
    store: str,
    settings: Mapping[str, object],
    secrets: Mapping[str, str],
) -> Backend:
    """Make the backend of a cluster. ``secrets`` are values by reference."""
    kept = TroubledStore(Path(store))
    context = Context(
        cluster=Cluster(cluster, kubeconfig=Path(kubeconfig), timeout=3.0),
        secret=secrets.__getitem__,
        spool=Spool(Path(spool)).folder(cluster, TOOL),
        clock=utc_now,
        store=lambda _: kept.open(TOOL, utc_now),
    )
    return EtcdctlBackend(EtcdctlSettings.model_validate(settings), context)
