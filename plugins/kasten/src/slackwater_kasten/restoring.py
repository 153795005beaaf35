"""Starts a restore: a RestoreAction in the target namespace."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.model.act import Act, Key
from slackwater.model.request import Existing
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import table, text, words
from slackwater_kasten.binding import chosen_content, ensure_bound
from slackwater_kasten.objects import Named
from slackwater_kasten.resources import CLAIMS, RESTORE_ACTIONS
from slackwater_kasten.starting import Wanted, run_hash


def wanted_restore(kasten: Kasten, act: Act, key: Key) -> Wanted:
    """Return the RestoreAction of an act. What is to be kept is looked up now, not in the plan:
    a plan may first have deleted what stood there.
    """
    namespace = text(act.payload, "namespace")
    shown = ensure_bound(kasten, act.payload, chosen_content(kasten, act.payload))
    spec: dict[str, object] = {
        "subject": {
            "apiVersion": "apps.kio.kasten.io/v1alpha1",
            "kind": "RestorePoint",
            "name": shown.name,
            "namespace": shown.namespace,
        },
        "targetNamespace": namespace,
        **table(act.payload, "spec"),
    }
    if text(act.payload, "existing") == Existing.KEEP:
        spec |= _keeping(kasten, namespace)
    return Wanted(
        kind=RESTORE_ACTIONS,
        namespace=namespace,
        stem=text(act.payload, "stem"),
        spec=spec,
        labels={**words(act.payload, "labels"), labels.RUN_HASH: run_hash(key)},
    )


def standing_claims(kasten: Kasten, namespace: str) -> list[str]:
    """Return the claims of a namespace: K10 deletes and makes anew those that it restores."""
    return sorted(each.metadata.name for each in kasten.list(CLAIMS, Named, namespace=namespace))


def _keeping(kasten: Kasten, namespace: str) -> Mapping[str, object]:
    claims = standing_claims(kasten, namespace)
    if not claims:
        return {}
    left_out = [
        {"group": "", "version": "v1", "resource": CLAIMS.plural, "name": name} for name in claims
    ]
    return {"filters": {"excludeResources": left_out}}
