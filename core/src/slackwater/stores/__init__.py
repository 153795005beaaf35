"""Where artefacts of tools without a store of their own lie, and private places for plain bytes."""

from __future__ import annotations

from slackwater.stores.artefact_store import ArtefactStore, Orphan
from slackwater.stores.manifest import Artefact, Manifest
from slackwater.stores.opening import open_store
from slackwater.stores.sealing import Measure

__all__ = ["Artefact", "ArtefactStore", "Manifest", "Measure", "Orphan", "open_store"]
