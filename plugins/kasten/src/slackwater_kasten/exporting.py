"""Starts an export: finds the restore point that the same run's backup has made."""

from __future__ import annotations

from datetime import datetime

from slackwater.clusters import Resource
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
    namespace = text(act.payload, "namespace")
    lacking = f"no backup of {namespace} in this run has ended well, so there is nothing to export"
    backup = newest_of_run(kasten, BACKUP_ACTIONS, act, key, lacking)
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


def newest_of_run(kasten: Kasten, kind: Resource, act: Act, key: Key, lacking: str) -> Action:
    """Return the newest action of a kind that this run has made for the request of an act, and
    that ended well. ``lacking`` says what it means that there is none.

    Raises ``TransientBackendError`` while one is under way, else ``PermanentBackendError``.
    """
    request = words(act.payload, "labels")[labels.REQUEST]
    selector = f"{labels.REQUEST}={request},{labels.RUN_HASH}={run_hash(key)}"
    found = list(kasten.list_ours(kind, Action, selector))
    done = [each for each in found if action_phase(each.state.state) is Phase.SUCCEEDED]
    if done:
        return max(done, key=lambda each: str(each.state.end_time))
    error = TransientBackendError if found else PermanentBackendError
    raise error(lacking, backend=TOOL, cluster=kasten.cluster.name)
