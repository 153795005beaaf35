"""Every label and annotation that is read or written, Kubernetes' and ours, in one place.

A label's value has at most 63 characters: what does not fit is written as a hash, or stands in an
annotation.
"""

from __future__ import annotations

OURS = "slackwater.dev/"

KEY = f"{OURS}key"
"""Label: the digest of the key that an object was made under."""
WHOLE_KEY = f"{OURS}whole-key"
"""Label: a longer hash of that key, for digests are short."""
INTENT = f"{OURS}intent"
"""Label: a hash of what was asked for."""
RUN = f"{OURS}run"
"""Label: a hash of the run."""
REQUEST = f"{OURS}request"
"""Label: a hash of the request, so that later acts of a run find what earlier ones made."""
POINT = f"{OURS}point"
"""Label: the name of the recovery point that a snapshot belongs to."""
LOOK = f"{OURS}look"
"""Label on a content by which a driver is only asked whether it has a snapshot."""
SCALED = f"{OURS}scaled-for"
"""Label on a workload that we have scaled down: the request that did it."""
HELD = f"{OURS}held-for"
"""Label on a pod that a hook has told to hold still: the request that did it."""

CLAIM = f"{OURS}claim"
"""Annotation: the claim that a snapshot is of."""
STAMP = f"{OURS}stamp"
"""Annotation: our stamp as JSON."""
WITHIN = f"{OURS}within"
"""Annotation: the seconds within which an object must be what it is to be."""
HELD_SINCE = f"{OURS}held-since"
"""Annotation on such a pod: since when; each time that it is held anew, another."""
HELD_UNTIL = f"{OURS}held-until"
"""Annotation on such a pod: when others may take it over."""
HELD_BY = f"{OURS}held-by"
"""Annotation on such a pod: the run that did it, in words."""
HELD_WITHIN = f"{OURS}held-within"
"""Annotation: the seconds within which a snapshot must be taken, for pods are held for it."""
LET_GO = f"{OURS}let-go"
"""Annotation on such a pod: what came of the hook that let it go, as JSON, until that is kept."""
OF_A_HOLD = (HELD_SINCE, HELD_UNTIL, HELD_BY, LET_GO)
"""The annotations that go with the label of a held pod."""
REPLICAS = f"{OURS}replicas"
"""Annotation: how many replicas a workload had before we scaled it down."""
WAS = f"{OURS}was"
"""Annotation on a volume that we took out of its claim: ``namespace/claim``."""
RECLAIM = f"{OURS}reclaim"
"""Annotation: the reclaim policy that such a volume had."""

DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"
DEFAULT_GROUP_CLASS = "groupsnapshot.storage.kubernetes.io/is-default-class"
DEFAULT_STORAGE_CLASS = "storageclass.kubernetes.io/is-default-class"

BEING_DELETED = "snapshot.storage.kubernetes.io/volumesnapshot-being-deleted"
"""csi-snapshotter deletes the data of a content without a snapshot only where this is set (read in
pkg/sidecar-controller/snapshot_controller.go, shouldDelete); the controller sets it itself as long
as the snapshot is there.
"""
GROUP_BEING_DELETED = "groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted"
"""The same for a group."""

CONTENT_PROTECTION = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
"""The finalizer by which csi-snapshotter holds a content until its data is gone."""
SNAPSHOT_PROTECTION = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
"""The finalizer by which snapshot-controller holds a snapshot."""

NOT_FOUND = "can not find snapshot"
"""The words of csi-snapshotter where its driver lists no such snapshot (pkg/snapshotter)."""
