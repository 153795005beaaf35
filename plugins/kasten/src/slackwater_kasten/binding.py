"""Makes a content restorable: its target namespace, and a RestorePoint that shows the content.

K10 restores from RestorePoints only, and into namespaces that exist. A content whose namespace
was deleted, or that was imported, has no RestorePoint: then one is made in the target.
"""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.errors import (
    ObjectExists,
    PermanentBackendError,
    RecoveryPointNotFound,
    TransientBackendError,
)
from slackwater.model.act import Act
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import text
from slackwater_kasten.arrived import imported, wanted_words
from slackwater_kasten.naming import digest
from slackwater_kasten.objects import Action, Content, Named, Reference, RestorePoint
from slackwater_kasten.resources import (
    CONTENTS,
    RESTORE_ACTIONS,
    RESTORE_POINTS,
    SPACES,
    manifest,
)
from slackwater_kasten.states import action_phase
from slackwater_kasten.voice import TOOL


def bind(kasten: Kasten, act: Act) -> dict[str, object]:
    """Make namespace and RestorePoint where they are missing; return what shows the content."""
    content = chosen_content(kasten, act.payload)
    _require_namespace(kasten, text(act.payload, "namespace"))
    shown = ensure_bound(kasten, act.payload, content)
    return {"restorePoint": shown.name, "namespace": shown.namespace}


def unbind(kasten: Kasten, act: Act) -> dict[str, object]:
    """Remove the RestorePoint that was made, unless a restore still reads from it."""
    namespace, name = text(act.payload, "namespace"), text(act.payload, "restorePoint")
    if kasten.find(RESTORE_POINTS, name, Named, namespace=namespace) is None:
        return {"removed": False}
    for action in kasten.list(RESTORE_ACTIONS, Action):
        subject = action.spec.subject
        meant = subject and (subject.namespace, subject.name) == (namespace, name)
        if meant and not action_phase(action.state.state).terminal:
            return {"removed": False}
    return {"removed": kasten.delete(RESTORE_POINTS, name, namespace=namespace)}


def ensure_bound(kasten: Kasten, payload: Mapping[str, object], content: Content) -> Reference:
    """Return the RestorePoint that shows a content; make one in the target if none does."""
    if content.bound_to is not None:
        return content.bound_to
    namespace, name = text(payload, "namespace"), text(payload, "restorePoint")
    source = content.metadata.label(labels.APP_NAMESPACE)
    named = {labels.APP_NAME: source, labels.APP_NAMESPACE: source} if source else {}
    reference = {"restorePointContentRef": {"name": content.metadata.name}}
    body = manifest(RESTORE_POINTS, name, namespace, labels=named, spec=reference)
    try:
        kasten.create(RESTORE_POINTS, body, namespace=namespace)
    except ObjectExists:
        _require_same(kasten, namespace, name, content)
    return Reference(name=name, namespace=namespace)


def chosen_content(kasten: Kasten, payload: Mapping[str, object]) -> Content:
    """Return the content that a payload means. Raises ``RecoveryPointNotFound``, and
    ``PermanentBackendError`` where several could be meant or what is there is something else.
    """
    name = text(payload, "content")
    found = kasten.find(CONTENTS, name, Content) if name else imported(kasten, payload)
    if found is None:
        raise RecoveryPointNotFound(
            f"K10 in {kasten.cluster.name} shows no content {name or wanted_words(payload)}",
            backend=TOOL,
            cluster=kasten.cluster.name,
        )
    return found


def bound_name(point: str, namespace: str) -> str:
    """Return the name of the RestorePoint that is made for a restore."""
    return f"sw-bound-{digest([point, namespace])[:16]}"


def _require_namespace(kasten: Kasten, name: str) -> None:
    found = kasten.find(SPACES, name, Named)
    if found is None:
        try:
            kasten.create(SPACES, manifest(SPACES, name))
        except ObjectExists:
            return
    elif found.metadata.deletion_timestamp is not None:
        raise TransientBackendError(
            f"namespace {name} is being deleted", backend=TOOL, cluster=kasten.cluster.name
        )


def _require_same(kasten: Kasten, namespace: str, name: str, content: Content) -> None:
    taken = kasten.find(RESTORE_POINTS, name, RestorePoint, namespace=namespace)
    if taken is not None and taken.content != content.metadata.name:
        raise PermanentBackendError(
            f"RestorePoint {namespace}/{name} exists and shows another content",
            backend=TOOL,
            cluster=kasten.cluster.name,
        )
