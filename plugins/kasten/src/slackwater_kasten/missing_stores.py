"""What a cluster lacks that is to receive another cluster's exports: a profile, a receive string.

Neither can be made here without secrets, so both are findings with the exact commands.
"""

from __future__ import annotations

from slackwater.model.finding import Finding
from slackwater.model.recovery_point import RecoveryPoint
from slackwater.model.request import Store
from slackwater_kasten import labels
from slackwater_kasten.naming import digest
from slackwater_kasten.receive import RECEIVE_KEY
from slackwater_kasten.voice import Voice


def explain_store(store: Store, voice: Voice) -> Finding:
    """Return how a store of another cluster becomes known here."""
    if store.identity.startswith("k10://"):
        return voice.info(
            "catalogue-not-shared",
            store.identity,
            f"K10 shares no catalogue: recovery points of {store.cluster} come to {voice.cluster} "
            "only by their exports",
            f"in {store.cluster} export to a Location Profile (kasten: {{export: NAME}}); in "
            f"{voice.cluster} create a Location Profile for the same place; then "
            "slackwater plan says what else is missing",
        )
    return voice.error(
        "store-not-visible",
        store.identity,
        f"{voice.cluster} has no Location Profile for {store.identity} (profile {store.name} of "
        f"{store.cluster})",
        f"create a Location Profile for the same place in namespace {voice.namespace} of "
        f"{voice.cluster}, with credentials that may read it: "
        "https://docs.kasten.io/latest/usage/configuration/ ; to see how it is set up: "
        f"kubectl --context {store.cluster} -n {voice.namespace} "
        f"get profiles.config.kio.kasten.io {store.name} -o yaml",
    )


def receive_secret(point: RecoveryPoint) -> str:
    """Return the name of the Secret that leads to one point's export, where none is configured."""
    return f"sw-receive-{digest(str(point.id))[:12]}"


def explain_receive(point: RecoveryPoint, secret: str, store: str, voice: Voice) -> Finding:
    """Return how the receive string comes here without being shown to anybody."""
    origin = point.origin or "ORIGIN"
    return voice.error(
        "receive-missing",
        point.name,
        f"{voice.cluster} has no receive string for the export of {point.name}, without which K10 "
        f"cannot read it: {_looked_for(secret, store, voice)}",
        f"kubectl --context {origin} -n {voice.namespace} get {_holder_of_string(point)} | "
        f"kubectl --context {voice.cluster} -n {voice.namespace} create secret generic {secret} "
        f"--from-file={RECEIVE_KEY}=/dev/stdin; with kasten: {{store: NAME}} on both sides, later "
        "backups keep theirs by themselves",
    )


def _looked_for(secret: str, store: str, voice: Voice) -> str:
    kept = f"store {store} keeps none, and " if store else "no store is named for them, and "
    return f"{kept}there is no Secret {voice.namespace}/{secret}"


def _holder_of_string(point: RecoveryPoint) -> str:
    """The string stands in the policy that exports, or in the ExportAction made by hand."""
    policy = point.made_by.removeprefix("K10 policy ")
    if policy != point.made_by:
        path = '{.spec.actions[?(@.action=="export")].exportParameters.receiveString}'
        return f"policies.config.kio.kasten.io {policy} -o jsonpath='{path}'"
    backup = point.name.partition("@")[2] or point.name
    return (
        f"exportactions.actions.kio.kasten.io -l {labels.BACKUP}={backup} "
        "-o jsonpath='{.items[0].spec.receiveString}'"
    )
