"""Starts an export: finds the restore point that the same run's backup has made."""

from __future__ import annotations

from datetime import datetime

from slackwater.errors import PermanentBackendError, TransientBackendError
from slackwater.model.act import Act, Key
from slackwater.model.operation import Phase
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import table, text, words
from slackwater_kasten.backup_acts import expiry
from slackwater_kasten.objects import Action
from slackwater_kasten.resources import BACKUP_ACTIONS, EXPORT_ACTIONS
from slackwater_kasten.starting import Wanted, run_hash
from slackwater_kasten.states import action_phase
from slackwater_kasten.voice import TOOL


def wanted_export(kasten: Kasten, act: Act, key: Key, now: datetime) -> Wanted:
    """Return the ExportAction of an act; on demand they lie in K10's own namespace.

    Raises ``PermanentBackendError`` where the backup, or what it made, is gone.
    """
    backup = _backup_of(kasten, act, key)
    made = backup.state.restore_point
    if made is None or not made.name:
        raise PermanentBackendError(
            f"BackupAction {backup.metadata.name} names no restore point that could be exported",
            backend=TOOL,
            cluster=kasten.cluster.name,
        )
    subject = {
        "apiVersion": "apps.kio.kasten.io/v1alpha1",
        "kind": "RestorePoint",
        "name": made.name,
        "namespace": made.namespace or backup.metadata.namespace,
    }
    return Wanted(
        kind=EXPORT_ACTIONS,
        namespace=kasten.namespace,
        stem=backup.metadata.name,
        spec={"subject": subject, **table(act.payload, "spec"), **expiry(act, now)},
        labels={**words(act.payload, "labels"), labels.BACKUP: backup.metadata.name},
    )


def _backup_of(kasten: Kasten, act: Act, key: Key) -> Action:
    """The newest backup of this run and request that ended well."""
    request = words(act.payload, "labels")[labels.REQUEST]
    selector = f"{labels.REQUEST}={request},{labels.RUN_HASH}={run_hash(key)}"
    namespace = text(act.payload, "namespace")
    found = list(kasten.list(BACKUP_ACTIONS, Action, namespace=namespace, selector=selector))
    done = [each for each in found if action_phase(each.state.state) is Phase.SUCCEEDED]
    if done:
        return max(done, key=lambda each: str(each.state.end_time))
    kind = TransientBackendError if found else PermanentBackendError
    raise kind(
        f"no backup of {namespace} in this run has ended well, so there is nothing to export",
        backend=TOOL,
        cluster=kasten.cluster.name,
    )
