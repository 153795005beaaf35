"""Why an operation is as it is: K10's chain of reasons, its phases, where to look further.

K10's log is not in its API: the phases of an action are the nearest that there is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slackwater.clusters import Resource
from slackwater.errors import OperationNotFound
from slackwater.model.operation import Explanation, OperationRef
from slackwater_kasten.access import Kasten
from slackwater_kasten.objects import Action, Policy
from slackwater_kasten.operations import ACTIONS, Handle
from slackwater_kasten.resources import POLICIES, RETIRE_ACTIONS, RUN_ACTIONS
from slackwater_kasten.states import deepest, reasons
from slackwater_kasten.voice import TOOL, Voice


@dataclass(frozen=True)
class Explainer:
    """Explains operations of one installation."""

    kasten: Kasten
    voice: Voice

    def explain(self, ref: OperationRef) -> Explanation:
        """Return the explanation. Raises ``OperationNotFound``."""
        handle = Handle.of(ref)
        if handle.sort in ACTIONS:
            return self._action(ACTIONS[handle.sort], handle)
        match handle.sort:
            case "run":
                return self._run(handle)
            case "policy":
                return self._policy(handle)
            case "retire":
                return self._retire(handle)
        raise not_found(ref.handle, self.kasten)

    def _action(self, kind: Resource, handle: Handle) -> Explanation:
        """By ``/details``, which has the phases; it takes a second."""
        space, name = handle.namespace, handle.name
        found = self.kasten.find(kind, name, Action, namespace=space, part="details")
        found = found or self.kasten.find(kind, name, Action, namespace=space)
        if found is None:
            raise not_found(f"{handle.sort} {space}/{name}", self.kasten)
        path = kind.path(namespace=space, name=name, subresource="details")
        return Explanation(
            errors=_innermost_first(reasons(found.state.error)),
            log_tail=tuple(_phases(found)),
            native_command=f"kubectl get --raw {path}",
        )

    def _run(self, handle: Handle) -> Explanation:
        found = self.kasten.find(RUN_ACTIONS, handle.name, Action, namespace=handle.namespace)
        if found is None:
            raise not_found(f"run {handle.name}", self.kasten)
        command = "kubectl get importactions.actions.kio.kasten.io -A -o yaml -l "
        return Explanation(
            errors=_innermost_first(reasons(found.state.error)),
            native_command=f"{command}k10.kasten.io/runActionName={handle.name}",
        )

    def _policy(self, handle: Handle) -> Explanation:
        """The receive string stands in the policy, so the command shows its status only."""
        found = self.kasten.find(POLICIES, handle.name, Policy)
        command = self.voice.kubectl(
            f"get policies.config.kio.kasten.io {handle.name} -o jsonpath='{{.status}}'"
        )
        errors = tuple((found.status.error if found and found.status else None) or ())
        return Explanation(errors=errors, native_command=command)

    def _retire(self, handle: Handle) -> Explanation:
        found = [
            each
            for each in self.kasten.list(RETIRE_ACTIONS, Action)
            if each.spec.subject and each.spec.subject.name == handle.name
        ]
        errors = tuple(said for each in found if (said := deepest(each.state.error)))
        command = "kubectl get retireactions.actions.kio.kasten.io -o yaml"
        return Explanation(errors=errors, native_command=command)


def not_found(what: str, kasten: Kasten) -> OperationNotFound:
    """Return the error for an operation that K10 does not know."""
    return OperationNotFound(
        f"K10 in {kasten.cluster.name} knows no {what} (any more)",
        backend=TOOL,
        cluster=kasten.cluster.name,
    )


def _innermost_first(said: tuple[str, ...]) -> tuple[str, ...]:
    """What really happened comes first."""
    return tuple(reversed(said))


def _phases(action: Action) -> Iterator[str]:
    details = action.state.action_details
    for phase in (details.phases if details else None) or ():
        said = deepest(phase.error)
        yield f"{phase.name}: {phase.state}" + (f": {said}" if said else "")
