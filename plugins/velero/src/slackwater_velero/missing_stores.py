"""A store that this cluster does not know: how it can be shown to it, or what a person must do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from slackwater.model.finding import Finding
from slackwater.model.request import RestoreRequest, Store
from slackwater_velero.locations import Location
from slackwater_velero.naming import store_name
from slackwater_velero.objects import SecretKey
from slackwater_velero.store_identity import endpoint
from slackwater_velero.voice import Voice


@dataclass(frozen=True)
class Shown:
    """The spec of the BackupStorageLocation that shows the store."""

    spec: Mapping[str, object]


def find_way(
    request: RestoreRequest, locations: Mapping[str, Location], voice: Voice
) -> Shown | Finding:
    """Return how the point's store can be shown here, or the finding that blocks the plan.

    The credentials have to be here already: those of a location at the same endpoint are taken.
    Ours to read they are not, so whether they open this very bucket shows when Velero tries.
    """
    store = next((s for s in request.stores if s.identity == request.point.id.store), None)
    if store is None:
        return voice.error(
            "store-unknown",
            request.point.id.store,
            f"no cluster of the fleet knows the store of {request.point.name} any more",
            "create a read-only BackupStorageLocation for it in the target",
        )
    donor = _donor(store, locations)
    if donor is None:
        return explain(store, voice)
    return Shown(_spec(store, donor.credential, donor.config.get("profile", "")))


def explain_missing(store: Store, locations: Mapping[str, Location], voice: Voice) -> Finding:
    """Return what to do about a store that is not visible here, before anybody needs it.

    Where a plan can show it by itself it is a warning all the same: as long as nobody else shows
    the store, its recovery points vanish from sight with the cluster that does.
    """
    donor = _donor(store, locations)
    if donor is None:
        return explain(store, voice)
    spec = _spec(store, donor.credential, donor.config.get("profile", ""))
    name = store_name(store.identity)
    document = _document("velero.io/v1", "BackupStorageLocation", name, voice, spec=dict(spec))
    return voice.warning(
        "store-not-visible",
        store.identity,
        f"the store of {store.cluster} is not visible here; a plan can show it for a restore, with"
        f" the credentials of location {donor.name}, but without {store.cluster} its recovery"
        " points are out of sight",
        "to see them always: kubectl apply -f - <<'EOF'\n"
        + yaml.safe_dump(document, sort_keys=False)
        + "EOF",
    )


def explain(store: Store, voice: Voice) -> Finding:
    """Return the finding with the exact YAML that makes the store known here."""
    secret = f"{store_name(store.identity)}-credentials"
    location = _spec(store, SecretKey(name=secret, key="cloud"), "")
    documents = (
        _document(
            "v1", "Secret", secret, voice, stringData={"cloud": "<credentials that read it>"}
        ),
        _document(
            "velero.io/v1",
            "BackupStorageLocation",
            store_name(store.identity),
            voice,
            spec=dict(location),
        ),
    )
    return voice.error(
        "store-not-visible",
        store.identity,
        f"{voice.cluster} does not know the store {store.identity} (location {store.name} of "
        f"{store.cluster}), and no location here has credentials for that endpoint",
        "kubectl apply -f - <<'EOF'\n" + yaml.safe_dump_all(documents, sort_keys=False) + "EOF",
    )


def _document(
    version: str, kind: str, name: str, voice: Voice, **content: object
) -> dict[str, object]:
    metadata = {"name": name, "namespace": voice.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _donor(store: Store, locations: Mapping[str, Location]) -> Location | None:
    wanted = endpoint(str(store.details.get("provider", "")), _config(store))
    fitting = (each for each in locations.values() if each.endpoint == wanted)
    return min(fitting, key=lambda each: (not each.available, each.name), default=None)


def _spec(store: Store, credential: SecretKey | None, profile: str) -> Mapping[str, object]:
    """Read-only: Velero then neither collects nor deletes there. It still writes the logs of a
    restore, so the credentials must be allowed to write under ``restores/``.
    """
    return {key: value for key, value in _parts(store, credential, profile) if value}


def _parts(
    store: Store, credential: SecretKey | None, profile: str
) -> Iterator[tuple[str, object]]:
    details = store.details
    kept = (("bucket", "bucket"), ("prefix", "prefix"), ("caCert", "caCert"))
    yield "provider", details.get("provider")
    yield "accessMode", "ReadOnly"
    yield "objectStorage", {ours: details[ours] for ours, _ in kept if details.get(ours)}
    yield "config", {**_config(store), **({"profile": profile} if profile else {})}
    if credential is not None and credential.name:
        yield "credential", {"name": credential.name, "key": credential.key}
    yield "backupSyncPeriod", "30s"


def _config(store: Store) -> dict[str, str]:
    config = store.details.get("config")
    return {str(k): str(v) for k, v in config.items()} if isinstance(config, Mapping) else {}
