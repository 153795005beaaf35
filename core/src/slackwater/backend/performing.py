"""For tools that operate nothing: a folder, a command line, a protocol without jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from slackwater.backend.contract import Backend
from slackwater.errors import OperationNotFound, Unsupported
from slackwater.model.act import Act, Key
from slackwater.model.operation import Explanation, Operation, OperationRef


class PerformsOnly(Backend):
    """A backend whose acts are all performed by our worker, or done by a person.

    The four calls about operations are answered here. ``tool_name`` is named by the subclass.
    """

    tool_name: ClassVar[str]

    def start(self, act: Act, key: Key) -> OperationRef:
        """Nothing is operated: ``Unsupported``."""
        message = f"{self.tool_name} operates nothing: {act.id} ({key.step}) is performed"
        raise Unsupported(message, backend=self.tool_name)

    def get_operations(self, refs: Sequence[OperationRef]) -> Mapping[OperationRef, Operation]:
        """So there is nothing to know."""
        del refs
        return {}

    def cancel_operation(self, ref: OperationRef) -> None:
        """Nor to cancel: ``Unsupported``."""
        raise Unsupported(f"{self.tool_name} has no operations: {ref}", backend=self.tool_name)

    def explain_operation(self, ref: OperationRef) -> Explanation:
        """Nor to explain: ``OperationNotFound``."""
        message = f"{self.tool_name} has no operations: {ref}"
        raise OperationNotFound(message, backend=self.tool_name)
