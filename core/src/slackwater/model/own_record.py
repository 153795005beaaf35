"""Objects by which backup tools keep their books in namespaces that are people's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import Field, model_validator

from slackwater.model.frozen import Frozen

_WHOLE_GROUP = "*."


class OwnRecord(Frozen):
    """A kind of object that a tool makes for itself in the namespaces which it backs up.

    No restore writes over such an object, and a namespace that holds nothing else is empty. Only
    what people do not make for their applications may be named: schedules, policies and locations
    are a person's, even where the tool reads them.

    ``kind`` is a plural with its group, as ``points.tool.example``, or ``*.GROUP`` where everything
    in the group is the tool's. ``outlives`` tells whether what it stands for is surely kept when
    its namespace is deleted: a restore that deletes one says so where it is not.
    """

    kind: str = Field(pattern=r"^(\*|[a-z]+)(\.[a-z0-9-]+){2,}$")
    outlives: bool

    @model_validator(mode="after")
    def _leaves_the_groups_of_kubernetes(self) -> Self:
        if self.kind.startswith(_WHOLE_GROUP) and self.kind.endswith(".k8s.io"):
            raise ValueError(f"{self.kind}: a group of Kubernetes is no tool's; name the kinds")
        return self


class OwnRecords:
    """The own records of several tools together."""

    def __init__(self, records: Iterable[OwnRecord] = ()) -> None:
        self._outlives: dict[str, bool] = {}
        for each in records:
            self._outlives[each.kind] = each.outlives and self._outlives.get(each.kind, True)

    def __contains__(self, kind: str) -> bool:
        """Whether objects of a kind (``restorepoints.GROUP``) are own records."""
        return bool(self._named(kind))

    def outlive(self, kind: str) -> bool:
        """Whether what own records of a kind stand for is kept when their namespace is deleted."""
        return all(self._outlives[name] for name in self._named(kind))

    def fill(self, group: str) -> bool:
        """Whether everything in a group is own records that outlive their namespace."""
        return self._outlives.get(f"{_WHOLE_GROUP}{group}", False)

    def _named(self, kind: str) -> list[str]:
        whole = f"{_WHOLE_GROUP}{kind.partition('.')[2]}"
        return [name for name in (kind, whole) if name in self._outlives]
