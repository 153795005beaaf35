"""Brings another cluster's exports into this catalogue: an import policy, run once, taken away.

The receive string that leads to the exports is a secret (see ``receive``). It is read in the moment
in which the policy is written, for K10 wants the string itself there. A policy may also stand here
for good, with the string in it: then it is only run.

An import policy may do more than import: K10 also restores by one. Whatever it was when it was
planned, it is looked at before it is run, and one that does anything else is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from slackwater.errors import (
    BackendError,
    ObjectExists,
    PermanentBackendError,
    TransientBackendError,
)
from slackwater.model.act import Act, Key
from slackwater.model.operation import Operation, OperationRef, Phase
from slackwater_kasten import labels
from slackwater_kasten.access import Kasten
from slackwater_kasten.acts import text
from slackwater_kasten.backup_acts import expiry
from slackwater_kasten.naming import digest
from slackwater_kasten.objects import Action, Named, Policy
from slackwater_kasten.receive import RECEIVE_KEY, OpenStore, receive_string, scrubbed
from slackwater_kasten.resources import IMPORT_ACTIONS, POLICIES, RUN_ACTIONS, manifest
from slackwater_kasten.starting import Wanted
from slackwater_kasten.states import action_phase, deepest
from slackwater_kasten.voice import TOOL

_TRIES = 5


def add_import(kasten: Kasten, open_store: OpenStore, act: Act, key: Key) -> dict[str, object]:
    """Write the import policy, or hold the one that another run has written."""
    name = text(act.payload, "policy")
    for _ in range(_TRIES):
        if _join(kasten, name, key) or _create(kasten, open_store, act, name, key):
            return {"policy": name}
    raise TransientBackendError(
        f"policy {name} comes and goes", backend=TOOL, cluster=kasten.cluster.name
    )


def remove_import(kasten: Kasten, act: Act, key: Key) -> dict[str, object]:
    """Let the policy go, and remove it if no other run holds it. What it imported stays.

    Never held, not there, and not of our making are fine: then nothing happens.
    """
    name = text(act.payload, "policy")
    found = kasten.find(POLICIES, name, Named)
    if found is None or not is_ours(found):
        return {"removed": False}
    after = kasten.patch(POLICIES, name, {"metadata": {"annotations": {_holder(key): None}}})
    if after is not None and _is_held(after):
        return {"removed": False}
    return {"removed": kasten.delete(POLICIES, name, uid=found.metadata.uid)}


def wanted_run(kasten: Kasten, act: Act, now: datetime) -> Wanted:
    """Return the RunAction that imports. It must lie where the policy lies (8.x).

    Raises ``PermanentBackendError`` where the policy is gone, or not as it was planned.
    """
    policy = text(act.payload, "policy")
    found = kasten.find(POLICIES, policy, Policy)
    wrong = f"policy {policy} is gone"
    if found is not None:
        wrong = unfit(found, text(act.payload, "profile"))
    if wrong:
        raise PermanentBackendError(
            f"{wrong}, so it is not run",
            backend=TOOL,
            cluster=kasten.cluster.name,
            hint="see who changed it, and plan again",
        )
    subject = {
        "apiVersion": "config.kio.kasten.io/v1alpha1",
        "kind": "Policy",
        "name": policy,
        "namespace": kasten.namespace,
    }
    return Wanted(
        kind=RUN_ACTIONS,
        namespace=kasten.namespace,
        stem=policy,
        spec={"subject": subject, **expiry(act, now)},
        labels={labels.POLICY_NAME: policy, labels.POLICY_NAMESPACE: kasten.namespace},
    )


def unfit(policy: Policy, profile: str) -> str:
    """Say why a policy must not be run to import from a profile; empty where it may. Pure."""
    name, actions = policy.metadata.name, policy.spec.actions or []
    others = sorted({each.action for each in actions} - {"import"})
    if others:
        return f"policy {name} does more than import: {', '.join(others)}"
    places = {
        parameters.profile.name if parameters.profile else ""
        for each in actions
        if (parameters := each.import_parameters)
    }
    if places != {profile}:
        return f"policy {name} does not import from profile {profile} alone"
    return ""


def policy_operation(kasten: Kasten, ref: OperationRef, name: str) -> Iterator[Operation]:
    """Yield the validation of a policy, which K10 does some time after it was written."""
    policy = kasten.find(POLICIES, name, Policy)
    if policy is None:
        return
    status = policy.status
    word = status.validation if status else ""
    phase = {"Success": Phase.SUCCEEDED, "Failed": Phase.FAILED}.get(word, Phase.RUNNING)
    said = "; ".join((status.error if status else None) or ())
    yield Operation(ref=ref, phase=phase, tool_phase=word or "not validated", message=said)


def run_operation(
    kasten: Kasten, ref: OperationRef, namespace: str, name: str
) -> Iterator[Operation]:
    """Yield a run; its own state is not believed alone, for nobody says what it is when only one
    of its parts fails.
    """
    run = kasten.find(RUN_ACTIONS, name, Action, namespace=namespace)
    if run is None:
        return
    phase, message = action_phase(run.state.state), deepest(run.state.error)
    if phase is Phase.SUCCEEDED:
        failed = _failed_parts(kasten, name)
        phase = Phase.FAILED if failed else phase
        message = message or "; ".join(failed)
    yield Operation(
        ref=ref,
        phase=phase,
        tool_phase=run.state.state or "Pending",
        message=message,
        retryable=phase is Phase.FAILED,
        began=run.state.start_time,
        ended=run.state.end_time,
    )


def _failed_parts(kasten: Kasten, run: str) -> Sequence[str]:
    selector = f"{labels.RUN_ACTION}={run}"
    return [
        f"{part.metadata.name}: {deepest(part.state.error) or part.state.state}"
        for part in kasten.list(IMPORT_ACTIONS, Action, selector=selector)
        if action_phase(part.state.state) in (Phase.FAILED, Phase.CANCELLED)
    ]


def _create(kasten: Kasten, open_store: OpenStore, act: Act, name: str, key: Key) -> bool:
    """Write the policy; False where another run was quicker."""
    receive = receive_string(kasten, open_store, act.payload)
    profile = {"name": text(act.payload, "profile"), "namespace": kasten.namespace}
    action = {
        "action": "import",
        "importParameters": {"profile": profile, RECEIVE_KEY: receive},
    }
    body = manifest(
        POLICIES,
        name,
        kasten.namespace,
        annotations={labels.SHARED: "true", _holder(key): "held"},
        spec={"comment": "of slackwater, for a restore", "frequency": "@onDemand",
              "actions": [action]},
    )  # fmt: skip
    try:
        kasten.create(POLICIES, body)
    except ObjectExists:
        return False
    except BackendError as error:
        raise scrubbed(error, receive) from None  # its cause may quote what was sent
    return True


def _join(kasten: Kasten, name: str, key: Key) -> bool:
    """Hold the policy that is there; False where there is none."""
    found = kasten.find(POLICIES, name, Named)
    if found is None:
        return False
    if not is_ours(found):
        raise PermanentBackendError(
            f"policy {name} exists and is not ours", backend=TOOL, cluster=kasten.cluster.name
        )
    if _holder(key) in (found.metadata.annotations or {}):
        return True
    change = {"metadata": {"annotations": {_holder(key): "held"}}}
    return kasten.patch(POLICIES, name, change) is not None


def _holder(key: Key) -> str:
    """The annotation of one run: however many of its restores need the policy, it is one."""
    return labels.HOLDER + digest(key.run)[:16]


def is_ours(found: Named | Policy) -> bool:
    """Whether an import policy was made by a run of ours."""
    return labels.SHARED in (found.metadata.annotations or {})


def _is_held(found: Mapping[str, object]) -> bool:
    metadata = found.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return any(name.startswith(labels.HOLDER) for name in annotations or ())
