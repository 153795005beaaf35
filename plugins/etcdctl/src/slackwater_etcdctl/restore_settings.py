"""What stands under ``restore:`` of the tool in the fleet file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)

from slackwater.model.duration import PositiveDuration


def _names_program(argv: tuple[str, ...]) -> tuple[str, ...]:
    if not argv or not argv[0]:
        raise ValueError("expected a program and its arguments, as a list")
    return argv


Argv = Annotated[tuple[str, ...], AfterValidator(_names_program)]
_PLACES = ("{prepared}", "{data_dir}", "{aside}")


class Mode(StrEnum):
    """Who works on the hosts: a person by exact instructions, or commands of the fleet file."""

    GUIDED = "guided"
    COMMANDS = "commands"


class Style(StrEnum):
    """How the control plane is run: it gives the instructions of a guided restore their words."""

    KUBEADM = "kubeadm"
    """Static pods, started by the kubelet from ``/etc/kubernetes/manifests``."""
    SYSTEMD = "systemd"
    """Units ``etcd`` and ``kube-apiserver``."""
    OTHER = "other"


def _absolute(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/"):
        raise ValueError("expected an absolute path")
    return path.rstrip("/") or "/"


AbsolutePath = Annotated[str, AfterValidator(_absolute)]


class HostCommand(BaseModel):
    """A command about a host, run here without a shell. A plain list stands for ``run`` alone.

    Without ``done``, ``run`` must bear to be repeated, and has had its effect when it ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Argv = Field(description="A list of arguments, without a shell.")
    done: tuple[str, ...] = Field(
        default=(),
        description="A command that ends with 0 where nothing is left to do: looked at before, "
        "and waited for after.",
    )

    @model_validator(mode="before")
    @classmethod
    def _read_list(cls, value: object) -> object:
        return {"run": value} if isinstance(value, list | tuple) else value

    def naming(self, **places: str) -> HostCommand:
        """Return the command with its places (``{prepared}``) filled in."""
        return HostCommand(run=_filled(self.run, places), done=_filled(self.done, places))


def _filled(arguments: Iterable[str], places: dict[str, str]) -> tuple[str, ...]:
    filled = []
    for argument in arguments:
        for name, place in places.items():
            argument = argument.replace(f"{{{name}}}", place)  # noqa: PLW2901  one after the other
        filled.append(argument)
    return tuple(filled)


class MemberCommands(BaseModel):
    """How one member is stopped, given its new data and started.

    Where its data directory is on this machine, the data is exchanged without a command.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stop: HostCommand = Field(description="Ends its etcd.")
    start: HostCommand = Field(description="Starts its etcd; may wait for the other members.")
    swap: HostCommand | None = Field(
        default=None,
        description="For a data directory on another machine: moves its `member` to `{aside}`, and "
        "the one in `{prepared}`, here, into `{data_dir}`. Needs `done`.",
    )
    health: Argv | None = Field(
        default=None,
        description="Ends with 0 where the member is well; etcd itself is asked in any case.",
    )

    @field_validator("swap")
    @classmethod
    def _names_all_places(cls, swap: HostCommand | None) -> HostCommand | None:
        if swap is None:
            return None
        missing = [place for place in _PLACES if not any(place in word for word in swap.run)]
        if missing:
            raise ValueError(f"the command to swap has no {', '.join(missing)}")
        if not swap.done:
            raise ValueError("a command to swap needs done: it must never be made twice")
        return swap


class MemberSettings(BaseModel):
    """One member of etcd as it is to be after a restore, and where its data lies."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Its name within etcd (`--name`)."
    )
    host: str = Field(default="", description="The machine it is on; none means this one.")
    peer_url: str = Field(
        pattern=r"^https?://\S+:\d+$", description="Where it is reached by the other members."
    )
    data_dir: AbsolutePath = Field(
        default="/var/lib/etcd", description="The folder that holds its `member`, on its host."
    )
    commands: MemberCommands | None = Field(
        default=None, description="What works on it, with `mode: commands`."
    )


class HostCommands(BaseModel):
    """How the API server of one host is stopped and started."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(default="", description="The machine it is on; none means this one.")
    stop: HostCommand = Field(description="Ends the API server.")
    start: HostCommand = Field(description="Starts it again.")


class RestoreSettings(BaseModel):
    """How a control plane is turned back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Mode.GUIDED
    style: Style = Style.KUBEADM
    prepare_in: AbsolutePath | None = Field(
        default=None,
        description="A folder on this machine for new data directories, needed by every restore: "
        "plain bytes of the whole cluster lie there until they have gone to their hosts.",
    )
    members: tuple[MemberSettings, ...] = Field(
        default=(),
        description="Those that there are to be; else, in a guided restore, those of the snapshot.",
    )
    api_servers: tuple[HostCommands, ...] = Field(
        default=(), description="All of them: none may run while etcd goes back."
    )
    restart: tuple[HostCommand, ...] = Field(
        default=(),
        description="Restarts controllers, scheduler, kubelets and backup tools at the end.",
    )
    token: str = Field(
        default="",
        pattern=r"^[a-z0-9-]*$",
        max_length=40,
        description="The readable part of the new cluster's token; else the cluster's name.",
    )
    bump_revision: int = Field(
        default=1_000_000_000,
        ge=0,
        le=10**15,
        description="How far the revision is raised, so that watchers notice. 0 does without; then "
        "everything that watches must be restarted.",
    )
    allow_cross_minor: StrictBool = Field(
        default=False,
        description="Whether programs of another minor version than the etcd that was saved may "
        "restore it.",
    )
    command_timeout: PositiveDuration = Field(
        default=timedelta(minutes=2),
        description="How long a command may take, and as long again its effect.",
    )
    healthy_within: PositiveDuration = Field(
        default=timedelta(minutes=2),
        description="How long members and API server are given to be well, in one go.",
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for what in ("name", "peer_url"):
            found = [getattr(member, what) for member in self.members]
            if len(found) != len(set(found)):
                raise ValueError(f"two members have the same {what}")
        if self.mode is Mode.COMMANDS:
            self._require_commands()
        return self

    def _require_commands(self) -> None:
        if not self.members or any(member.commands is None for member in self.members):
            raise ValueError("mode commands needs members, each with its commands")
        if not self.api_servers:
            raise ValueError("mode commands needs api_servers: none may run during a restore")
