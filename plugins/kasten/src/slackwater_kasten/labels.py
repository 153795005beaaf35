"""Every label that is read or written, K10's and ours, in one place.

K10's objects cannot be changed once they are made, and only labels are known to be kept as they
were given, so our stamp stands in labels of the action that makes a point. A value has at most
63 characters: what does not fit is written as a hash.
"""

from __future__ import annotations

import base64
import hashlib
import re

K10 = "k10.kasten.io/"

APP_NAME = f"{K10}appName"
APP_NAMESPACE = f"{K10}appNamespace"
APP_TYPE = f"{K10}appType"
POLICY_NAME = f"{K10}policyName"
POLICY_NAMESPACE = f"{K10}policyNamespace"
RUN_ACTION = f"{K10}runActionName"
EXPORT_PROFILE = f"{K10}exportProfile"
EXPORT_TYPE = f"{K10}exportType"
METADATA_EXPORT = f"{K10}isMetadataExport"
EXPIRES_AT = f"{K10}expiresAt"

OURS = "slackwater.dev/"

KEY = f"{OURS}key"
"""The digest of the key, to select by."""
WHOLE_KEY = f"{OURS}whole-key"
"""A longer hash of the key: digests are short."""
INTENT = f"{OURS}intent"
"""Hash of what was asked: K10 may complete a spec, so the spec proves nothing."""
REQUEST = f"{OURS}request"
"""What the acts of one request have in common: by it an export finds its backup."""
RUN_HASH = f"{OURS}run-hash"
BACKUP = f"{OURS}backup"
"""On an export of ours: the name of the BackupAction whose point it exported."""
KEEPS = f"{OURS}keeps"
"""On a RestoreAction that was made with a filter: what the filter keeps as it is."""
CLUSTER = f"{OURS}cluster"
CLUSTER_UID = f"{OURS}cluster-uid"
RUN = f"{OURS}run"
POLICY = f"{OURS}policy"
MARK = f"{OURS}mark"
MARK_PARTS = f"{OURS}mark-parts"
HOLDER = f"{OURS}holder."
"""Prefix of annotations on an import policy: one for each run that needs it."""
SHARED = f"{OURS}shared"
"""Annotation on an import policy: it is ours, and goes with the last run."""

_LONGEST = 63
_LEGAL = re.compile(r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$")
_ENCODED = "b32."
_HASHED = "sha."


def written(text: str) -> str:
    """Return any text as a label value that ``read`` understands."""
    if _LEGAL.match(text) and not text.startswith((_ENCODED, _HASHED)):
        return text
    packed = _ENCODED + base64.b32encode(text.encode()).decode().rstrip("=").lower()
    if len(packed) <= _LONGEST:
        return packed
    return _HASHED + hashlib.sha256(text.encode()).hexdigest()[:40]


def read(value: str) -> str:
    """Return the text of a label value; a hash stays one."""
    if not value.startswith(_ENCODED):
        return value
    packed = value.removeprefix(_ENCODED).upper()
    try:
        return base64.b32decode(packed + "=" * (-len(packed) % 8)).decode()
    except ValueError:
        return value
