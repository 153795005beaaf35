"""The acts of a restore of a control plane: each says what it moves where, and how to go back."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from slackwater.model.act import Act, ActKind
from slackwater.model.wording import in_bytes
from slackwater_etcdctl.blueprint import Blueprint
from slackwater_etcdctl.guidance import Guidance
from slackwater_etcdctl.preparing import room_needed
from slackwater_etcdctl.restore_settings import HostCommand

WHOLE_CLUSTER = ("",)
"""What these acts write into, as ``Act.writes`` has it."""


class RestoreDo(StrEnum):
    """What is performed in a restore, as it stands in ``Act.payload`` under ``do``."""

    FETCH = "fetch"
    PREPARE = "prepare"
    PROVE = "prove"
    STOP_API_SERVERS = "stop-api-servers"
    STOP_MEMBERS = "stop-members"
    REQUIRE_SILENCE = "require-silence"
    SWAP = "swap"
    START_MEMBERS = "start-members"
    REQUIRE_MEMBERS = "require-members"
    START_API_SERVERS = "start-api-servers"
    REQUIRE_CONTROL_PLANE = "require-control-plane"
    RESTART = "restart"
    REMOVE_PREPARED = "remove-prepared"


@dataclass(frozen=True)
class RestoreActs:
    """Makes the acts of one restore, without their order."""

    plan: Blueprint
    guidance: Guidance

    def fetch(self) -> Act:
        """Fetch, decrypt and check the snapshot."""
        return self._performed(
            RestoreDo.FETCH,
            f"fetch {self.plan.point} and check it",
            f"adds {self.plan.folder} on this machine, closed to others: plain bytes, up to "
            f"{in_bytes(room_needed(self.plan))} with what is prepared there",
            undo=f"it is removed by the run; or: rm -r {shlex.quote(self.plan.folder)}",
        )

    def prepare(self) -> Act:
        """Make the new data directories."""
        names = ", ".join(self.plan.prepared(member) for member in self.plan.members)
        bump = f"revisions raised by {self.plan.bump:,}" if self.plan.bump else "no higher revision"
        return self._performed(
            RestoreDo.PREPARE,
            f"prepare {len(self.plan.members)} data directories",
            f"adds {names} on this machine; {bump}; the new cluster is {self.plan.cluster_id}, "
            "which no old member can join",
        )

    def prove(self) -> Act:
        """Restore it once for nobody."""
        return self._performed(
            RestoreDo.PROVE,
            "prove it on a throw-away etcd: revision, hash, keys, a sample of objects",
            "adds a data directory to the spool and removes it; nothing else is touched",
        )

    def copy(self) -> Act:
        """Have a person bring the directories to their hosts."""
        return self._person(
            "copy",
            "copy each new data directory to its host",
            self.guidance.copy(),
            *(f"adds {self.plan.coming(m)} ({m.label})" for m in self.plan.members),
            undo="remove what was copied",
        )

    def stop_api_servers(self) -> Act:
        """No API server may run while etcd goes back."""
        return self._either(
            RestoreDo.STOP_API_SERVERS,
            "stop every API server",
            self.guidance.stop_api_servers(),
            f"{self.plan.cluster} does not answer until they are started again",
            undo=self._shown((server.host, server.start) for server in self.plan.api_servers)
            or "start them again",
        )

    def stop_members(self) -> Act:
        """No member may run while its data is exchanged."""
        return self._either(
            RestoreDo.STOP_MEMBERS,
            "stop every member of etcd",
            self.guidance.stop_members(),
            "etcd does not answer until they are started again",
            undo=self._started() or "start them again: nothing has been moved yet",
        )

    def require_silence(self) -> Act:
        """Look before anything is moved."""
        return self._performed(
            RestoreDo.REQUIRE_SILENCE, "see that nothing of it answers any more", "changes nothing"
        )

    def swap(self) -> Act:
        """Move the old data aside, and the new in place."""
        plan = self.plan
        return self._either(
            RestoreDo.SWAP,
            "move the old data aside, and the new in place",
            self.guidance.swap(),
            *(f"moves {m.current} to {plan.aside(m)} ({m.label})" for m in plan.members),
            *(f"moves the new data to {m.current} ({m.label})" for m in plan.members),
            "deletes nothing: what was moved aside stays there until somebody removes it",
            undo=self.guidance.go_back(),
        )

    def start_members(self) -> Act:
        """All at once, for each waits for a majority."""
        return self._either(
            RestoreDo.START_MEMBERS,
            "start every member of etcd, all together",
            self.guidance.start_members(),
            f"the cluster {self.plan.cluster_id} begins at revision {self.plan.revision}",
            undo=self.guidance.go_back(),
        )

    def require_members(self) -> Act:
        """Look before API servers see it."""
        return self._performed(
            RestoreDo.REQUIRE_MEMBERS,
            "see that all members are well, of the new cluster, and hold the same",
            "changes nothing",
        )

    def start_api_servers(self) -> Act:
        """From here on the cluster writes again."""
        return self._either(
            RestoreDo.START_API_SERVERS,
            "start every API server",
            self.guidance.start_api_servers(),
            f"{self.plan.cluster} goes on from revision {self.plan.revision}: controllers begin to "
            "act on the objects of that time",
            undo=self.guidance.go_back(),
        )

    def require_control_plane(self) -> Act:
        """Look at what API servers hand out."""
        return self._performed(
            RestoreDo.REQUIRE_CONTROL_PLANE,
            "see that the API server is ready, and its watch caches right",
            "changes nothing",
            without_api=False,
        )

    def restart(self) -> Act:
        """Whatever remembers the time that was undone."""
        return self._either(
            RestoreDo.RESTART,
            "restart controllers, scheduler and kubelets",
            self.guidance.restart(),
            "what they remember of the time that was undone is forgotten",
            without_api=False,
        )

    def remove_prepared(self) -> Act:
        """Leave no plain bytes behind."""
        return self._performed(
            RestoreDo.REMOVE_PREPARED,
            f"remove {self.plan.folder}",
            f"removes {self.plan.folder} with the snapshot and whatever is still prepared there",
            always=True,
        )

    def _either(
        self, do: RestoreDo, title: str, instructions: str, *effects: str, **more: object
    ) -> Act:
        """An act by commands where the fleet file has them, else a person's."""
        if self.guidance.by_hand:
            return self._person(do, title, instructions, *effects, **more)
        return self._performed(do, title, *effects, writes=WHOLE_CLUSTER, **more)

    def _performed(self, do: RestoreDo, title: str, *effects: str, **more: object) -> Act:
        given = {"without_api": True, **more}
        payload: Mapping[str, object] = self.plan.payload(do)
        return _act(do, ActKind.PERFORMED, title, effects, {**given, "payload": payload})

    def _person(
        self, name: str, title: str, instructions: str, *effects: str, **more: object
    ) -> Act:
        given = {"without_api": True, "writes": WHOLE_CLUSTER, **more}
        told = {**given, "instructions": instructions}
        return _act(name, ActKind.PERSON, title, effects, told)

    def _started(self) -> str:
        commands = [(m.label, m.commands.start) for m in self.plan.members if m.commands]
        return self._shown(commands)

    def _shown(self, commands: Iterable[tuple[str, HostCommand]]) -> str:
        lines = [
            f"{host}: {shlex.join(c.run)}" if host else shlex.join(c.run) for host, c in commands
        ]
        return "; ".join(lines)


def _act(
    name: str, kind: ActKind, title: str, effects: Iterable[str], more: Mapping[str, object]
) -> Act:
    return Act.model_validate(
        {"id": name, "kind": kind, "title": title, "effects": tuple(effects), **more}
    )
