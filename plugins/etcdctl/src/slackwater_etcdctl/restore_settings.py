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
    """A command about a host, run here without a shell.

    ``done`` is a command that ends with 0 where nothing is left to do: it is looked at before, and
    waited for after. Without it, ``run`` must bear to be repeated, and has had its effect when it
    ends. A plain list stands for ``run`` alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: Argv
    done: tuple[str, ...] = ()

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

    ``swap`` is needed only where the data directory is not on this machine. It moves what stands
    there to ``{aside}``, and what was prepared in ``{prepared}`` into ``{data_dir}``. ``health``
    ends with 0 where the member is well; what etcd itself says is asked in any case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stop: HostCommand
    start: HostCommand
    swap: HostCommand | None = None
    health: Argv | None = None

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

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    host: str = ""
    peer_url: Annotated[str, Field(pattern=r"^https?://\S+:\d+$")]
    data_dir: AbsolutePath = "/var/lib/etcd"
    commands: MemberCommands | None = None


class HostCommands(BaseModel):
    """How the API server of one host is stopped and started."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = ""
    stop: HostCommand
    start: HostCommand


class RestoreSettings(BaseModel):
    """How a control plane is turned back.

    ``prepare_in`` is a folder on this machine for the new data directories: plain bytes of the
    whole cluster lie there until they have gone to their hosts. ``members`` are those that there
    will be; left out, a guided restore takes them from the snapshot. ``restart`` is run at the
    end: controllers, scheduler, kubelets. ``token`` is the readable part of the new cluster's
    token. ``bump_revision`` is how far the revision jumps, so that watchers notice; 0 does
    without, and then everything that watches must be restarted. ``allow_cross_minor`` lets
    another minor version of etcd restore a snapshot than the one it was taken from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = Mode.GUIDED
    style: Style = Style.KUBEADM
    prepare_in: AbsolutePath | None = None
    members: tuple[MemberSettings, ...] = ()
    api_servers: tuple[HostCommands, ...] = ()
    restart: tuple[HostCommand, ...] = ()
    token: Annotated[str, Field(pattern=r"^[a-z0-9-]*$", max_length=40)] = ""
    bump_revision: Annotated[int, Field(ge=0, le=10**15)] = 1_000_000_000
    allow_cross_minor: StrictBool = False
    command_timeout: PositiveDuration = timedelta(minutes=2)
    healthy_within: PositiveDuration = timedelta(minutes=2)

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
