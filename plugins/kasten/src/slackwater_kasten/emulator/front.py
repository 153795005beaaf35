"""K10's aggregated groups as an emulated API server registers them: one for each APIService."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from slackwater.testing.kubernetes_api import ApiError, Call
from slackwater_kasten.emulator.aggregated import AggregatedApi
from slackwater_kasten.emulator.catalog import Object
from slackwater_kasten.emulator.kinds import GROUPS, VERSION, entries


@dataclass(frozen=True)
class Group:
    """One group of K10's; in one version, as all of them."""

    api: AggregatedApi
    group: str
    version: str = VERSION

    def resources(self) -> Sequence[Object]:
        """What discovery says of its kinds; 503 while it is down (documented)."""
        if self.api.faults.down:
            said = "the server is currently unable to handle the request"
            raise ApiError(503, "ServiceUnavailable", said)
        return list(entries(self.group))

    def answer(
        self, call: Call, parameters: Mapping[str, str], content: Object | None
    ) -> tuple[int, Object]:
        """Carry out a request."""
        found = self.api.answer(call, parameters, content)
        return found.code, found.body


def groups(api: AggregatedApi) -> Iterator[Group]:
    """Yield all groups of one K10."""
    for name in GROUPS:
        yield Group(api, name)
