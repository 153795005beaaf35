"""Starts a restore: a RestoreAction in the target namespace."""

from __future__ import annotations

from collections.abc import Mapping

from slackwater.errors import PermanentBackendError
from slackwater.model.act import Act, Key
from slackwater.model.request import Existing
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import table, text, words
from slackwater_kasten.binding import chosen_content, ensure_bound
from slackwater_kasten.objects import Action, Named
from slackwater_kasten.resources import CLAIMS, RESTORE_ACTIONS
from slackwater_kasten.starting import Wanted, run_hash
from slackwater_kasten.states import action_phase
from slackwater_kasten.stopping import stop_action
from slackwater_kasten.voice import TOOL


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
    named = {**words(act.payload, "labels"), labels.RUN_HASH: run_hash(key)}
    if text(act.payload, "existing") == Existing.KEEP and (kept := _keeping(kasten, namespace)):
        spec |= kept
        named[labels.KEEPS] = "claims"
    return Wanted(
        kind=RESTORE_ACTIONS,
        namespace=namespace,
        stem=text(act.payload, "stem"),
        spec=spec,
        labels=named,
    )


def require_kept(kasten: Kasten, namespace: str, name: str) -> None:
    """Stop a restore that has lost the filter which keeps claims: K10 drops, or dropped, what it
    does not know in a spec without a word, and would delete and make anew all claims.
    """
    action = kasten.find(RESTORE_ACTIONS, name, Action, namespace=namespace)
    if action is None or not action.metadata.label(labels.KEEPS) or kept_claims(action):
        return
    if not action_phase(action.state.state).terminal:
        stop_action(kasten, RESTORE_ACTIONS, namespace, name)
    raise PermanentBackendError(
        f"K10 took RestoreAction {name} without the filter that keeps the claims in {namespace}; "
        "it was told to stop",
        backend=TOOL,
        cluster=kasten.cluster.name,
        hint=f"see what became of the claims: kubectl -n {namespace} get pvc; then map to another "
        "namespace, or --replace",
    )


def kept_claims(action: Action) -> frozenset[str]:
    """Return the claims that a RestoreAction leaves out. Pure."""
    excluded = (action.spec.filters or {}).get("excludeResources")
    found = excluded if isinstance(excluded, list) else []
    return frozenset(str(each.get("name")) for each in found if isinstance(each, Mapping))


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
