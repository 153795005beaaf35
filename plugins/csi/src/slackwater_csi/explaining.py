"""Why an operation is as it is: the controllers' own words, and where to look further."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slackwater.errors import BackendError, OperationNotFound
from slackwater.model.operation import Explanation, OperationRef
from slackwater_csi.errors import TOOL
from slackwater_csi.objects import Content, Event, Named, Snapshot
from slackwater_csi.operations import Handle, Operations
from slackwater_csi.resources import CONTENTS, EVENTS
from slackwater_csi.site import Site
from slackwater_csi.states import Word, state_of

_TAIL = 20
_MOST_READ = 5


@dataclass(frozen=True)
class Explainer:
    """Explains operations of one cluster."""

    site: Site

    def explain(self, ref: OperationRef) -> Explanation:
        """Return errors, events and a command. Raises ``OperationNotFound``."""
        operations = Operations(self.site.here, self.site.clock)
        handle = Handle.of(ref)
        if handle is None or not any(each.ref == ref for each in operations.read([ref])):
            raise OperationNotFound(
                f"{ref}: no such operation in {self.site.cluster}",
                backend=TOOL,
                cluster=self.site.cluster,
            )
        if handle.sort == "claims":
            return self._of("pvc", handle, operations.claims_of(handle), [])
        if handle.sort == "stop":
            command = f"kubectl -n {handle.namespace} get pods"
            return Explanation(native_command=command)
        snapshots = operations.snapshots_of(handle)
        groups = operations.groups_of(handle)
        errors = [each.said for each in groups if each.said]
        errors += list(self._errors(snapshots))
        return self._of("volumesnapshots", handle, [*groups, *snapshots], errors)

    def _errors(self, snapshots: Iterable[Snapshot]) -> Iterator[str]:
        open_ = [each for each in snapshots if state_of(each, {}).word is not Word.READY]
        for snapshot in open_[:_MOST_READ]:
            content = self.site.here.find(CONTENTS, snapshot.content, Content)
            error = content.status.error if content and content.status else None
            said = [snapshot.said, (error.message or "") if error else ""]
            yield from dict.fromkeys(filter(None, said))
            if not any(said):
                yield state_of(snapshot, {}).message

    def _of(
        self, what: str, handle: Handle, found: Iterable[Named], errors: list[str]
    ) -> Explanation:
        names = {each.name for each in found}
        tail = list(self._events(handle.namespace, names))[-_TAIL:]
        selector = f"-l slackwater.dev/key={handle.digest}"
        return Explanation(
            errors=tuple(dict.fromkeys(errors)),
            log_tail=tuple(tail),
            native_command=f"kubectl -n {handle.namespace} describe {what} {selector}",
        )

    def _events(self, namespace: str, names: set[str]) -> Iterator[str]:
        try:
            for each in self.site.here.list(EVENTS, Event, namespace=namespace):
                if each.involved_object.name in names:
                    yield f"{each.type} {each.reason}: {each.message}"
        except BackendError:
            return  # what they would have told is told less well by the statuses
