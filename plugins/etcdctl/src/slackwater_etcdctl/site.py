"""What a restore works with: the place where it is planned and performed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from slackwater.clusters import Cluster
from slackwater.stores import ArtefactStore
from slackwater_etcdctl.access import Session
from slackwater_etcdctl.settings import EtcdctlSettings
from slackwater_etcdctl.tools import Tools
from slackwater_etcdctl.voice import Voice


@dataclass(frozen=True)
class Site:
    """One cluster and all that is at hand there. ``session`` and ``store`` are made when used."""

    settings: EtcdctlSettings
    tools: Tools
    cluster: Cluster
    store: Callable[[], ArtefactStore]
    session: Callable[[], AbstractContextManager[Session]]
    spool: Path

    @property
    def voice(self) -> Voice:
        """How findings are said here."""
        return Voice(self.cluster.name)
