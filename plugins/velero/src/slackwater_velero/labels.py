"""Every label and annotation that is read or written, ours and Velero's, in one place.

Labels and annotations of a Backup lie in its ``velero-backup.json`` in the bucket, so they reach
every cluster that the store is synced to. What is patched on later stays in that one cluster.
"""

from __future__ import annotations

import hashlib
import re

OURS = "slackwater.dev/"

KEY = f"{OURS}key"
"""Label: the digest of the key. Annotation: the whole key, ``run/step/generation``."""
INTENT = f"{OURS}intent"
"""Annotation: hash of what was asked. Velero rewrites spec, so spec proves nothing."""
CLUSTER = f"{OURS}cluster"
CLUSTER_UID = f"{OURS}cluster-uid"
RUN = f"{OURS}run"
POLICY = f"{OURS}policy"
MARK = f"{OURS}mark"
MARK_PARTS = f"{OURS}mark-parts"
SPREAD = f"{OURS}spread"
YOUNG_KINDS = f"{OURS}young-kinds"
"""Annotation: kinds (``group/Kind``, by commas) that Velero may not have noticed at the backup."""
HOLDER = f"{OURS}holder."
"""Prefix of annotations on what was added for restores: one for each run that needs it."""
RESTORE = f"{OURS}restore"
"""Label on a Restore: what is restored from which point to where, by which its check finds it."""
SHARED = f"{OURS}shared"
"""Annotation on what was added for restores: it is ours, and goes with the last run."""

SCHEDULE_NAME = "velero.io/schedule-name"
STORAGE_LOCATION = "velero.io/storage-location"
BACKUP_NAME = "velero.io/backup-name"
BACKUP_UID = "velero.io/backup-uid"
GC_FAILURE = "velero.io/gc-failure"

_LONGEST = 63


def label_value(name: str) -> str:
    """Return the name as Velero writes it into a label.

    Longer ones are cut to 57 characters and the first six hexadecimal digits of the SHA-256 of the
    whole (``label.GetValidName`` in Velero 1.18).
    """
    if len(name) <= _LONGEST:
        return name
    return name[: _LONGEST - 6] + hashlib.sha256(name.encode()).hexdigest()[:6]


def readable_label(text: str) -> str:
    """Return free text (a policy, a mark) as a label that people can select by.

    The annotation of the same name keeps the text itself.
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)[:_LONGEST].strip("-_.")
