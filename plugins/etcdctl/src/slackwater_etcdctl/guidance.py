"""What a person does on each host in a guided restore: exact commands, in order, to be pasted.

Every path is known when the plan is made. Commands that move look first whether they were done, so
a block that was pasted twice does no harm.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from slackwater_etcdctl.blueprint import MEMBER, Blueprint, PlannedMember
from slackwater_etcdctl.restore_settings import Mode, RestoreSettings, Style

_MANIFESTS = "/etc/kubernetes/manifests"
_HERE = "this machine"


@dataclass(frozen=True)
class Guidance:
    """The instructions of one restore."""

    plan: Blueprint
    settings: RestoreSettings

    @property
    def by_hand(self) -> bool:
        """Whether a person works on the hosts."""
        return self.settings.mode is Mode.GUIDED

    def copy(self) -> str:
        """How each prepared directory gets to its host, beside the data that still runs."""
        return "\n\n".join(
            [
                "The control plane still runs. On this machine:",
                *(f"# {m.label}\n{self._copied(m)}" for m in self.plan.members),
                f"Confirm when all are there: {self.plan.folder} is then removed from here.",
            ]
        )

    def stop_api_servers(self) -> str:
        """No API server may run over a restored etcd that it does not expect."""
        kubeadm = [
            f"mkdir -p {self._parked}",
            self._park("kube-apiserver.yaml"),
            "crictl ps --name kube-apiserver -q    # again, until it prints nothing",
        ]
        ways = {Style.KUBEADM: kubeadm, Style.SYSTEMD: ["systemctl stop kube-apiserver"]}
        return self._on_hosts(
            self._api_hosts, lambda _: ways.get(self.settings.style, ["stop its API server"])
        )

    def stop_members(self) -> str:
        """No member may run while its data is exchanged."""
        kubeadm = [
            f"mkdir -p {self._parked}",
            self._park("etcd.yaml"),
            "crictl ps --name '^etcd$' -q    # again, until it prints nothing",
        ]
        ways = {Style.KUBEADM: kubeadm, Style.SYSTEMD: ["systemctl stop etcd"]}
        return self._on_members(lambda m: ways.get(self.settings.style, [f"stop etcd ({m.name})"]))

    def swap(self) -> str:
        """The old data aside, the new in place, with owner and mode as they were."""
        return self._on_members(lambda m: list(self._swapped(m)))

    def start_members(self) -> str:
        """All together: the first ones wait for a majority."""
        ways = {
            Style.KUBEADM: [f"mv {self._parked}/etcd.yaml {_MANIFESTS}/"],
            Style.SYSTEMD: ["systemctl start --no-block etcd"],
        }
        told = self._on_members(lambda m: ways.get(self.settings.style, [f"start etcd ({m.name})"]))
        return (
            f"{told}\n\nDo it on all of them without waiting in between. Whether they are well, "
            "and hold the same, is looked at by the next step."
        )

    def start_api_servers(self) -> str:
        """Once etcd was looked at."""
        ways = {
            Style.KUBEADM: [f"mv {self._parked}/kube-apiserver.yaml {_MANIFESTS}/"],
            Style.SYSTEMD: ["systemctl start kube-apiserver"],
        }
        return self._on_hosts(
            self._api_hosts, lambda _: ways.get(self.settings.style, ["start its API server"])
        )

    def restart(self) -> str:
        """Whatever has watched the cluster and may remember what was undone."""
        kubeadm = [
            "crictl stop $(crictl ps --name 'kube-controller-manager|kube-scheduler' -q)",
            "systemctl restart kubelet",
        ]
        systemd = ["systemctl restart kube-controller-manager kube-scheduler kubelet"]
        ways = {Style.KUBEADM: kubeadm, Style.SYSTEMD: systemd}
        words = ["restart its controller manager, scheduler and kubelet"]
        told = self._on_hosts(self._api_hosts, lambda _: ways.get(self.settings.style, words))
        aside = "\n".join(
            f"# {m.label}\nrm -r {shlex.quote(self.plan.aside(m))}" for m in self.plan.members
        )
        return (
            f"{told}\n\nOn every other node: systemctl restart kubelet\n"
            "Then the network plugin, kube-proxy and operators, if they act on what is gone.\n"
            "Backup tools in any case: what was under way at the snapshot stands there as under "
            "way again,\nand in some of them all later work waits for it.\n\n"
            f"Some day, when nobody needs the old data any more:\n{aside}"
        )

    def go_back(self) -> str:
        """How the old data comes back after it was moved aside."""
        moves = "; ".join(
            f"{m.label}: mv {shlex.quote(m.current)} {shlex.quote(m.current)}.restored-"
            f"{self.plan.digest} && mv {shlex.quote(self.plan.aside(m))} {shlex.quote(m.current)}"
            for m in self.plan.members
        )
        return (
            f"stop API servers and members, then {moves}; start members, then API servers, and "
            "restart everything that watches, for revisions go down again"
        )

    @property
    def _parked(self) -> str:
        """Where manifests of static pods wait; outside of the folder that the kubelet watches."""
        return f"/etc/kubernetes/stopped-{self.plan.digest}"

    @property
    def _api_hosts(self) -> Sequence[str]:
        named = [server.host for server in self.plan.api_servers]
        return named or [member.host for member in self.plan.members]

    def _park(self, manifest: str) -> str:
        parked = f"{self._parked}/{manifest}"
        return f"[ -e {parked} ] || mv {_MANIFESTS}/{manifest} {parked}"

    def _copied(self, member: PlannedMember) -> str:
        source = f"{self.plan.prepared(member)}/{MEMBER}/"
        target = f"{self.plan.coming(member)}/"
        if not member.host:
            return shlex.join(["cp", "-a", f"{source}.", target])
        return shlex.join(["rsync", "-a", source, f"root@{member.host}:{target}"])

    def _swapped(self, member: PlannedMember) -> Iterator[str]:
        current, aside, coming = (
            shlex.quote(path)
            for path in (member.current, self.plan.aside(member), self.plan.coming(member))
        )
        yield f"[ -e {aside} ] || mv {current} {aside}"
        yield f"[ ! -e {coming} ] || mv -T {coming} {current}"
        yield f"chown -R --reference={shlex.quote(member.data_dir)} {current}"
        yield f"chmod 0700 {current}"

    def _on_members(self, commands: Callable[[PlannedMember], Iterable[str]]) -> str:
        return _blocks((member.label, commands(member)) for member in self.plan.members)

    def _on_hosts(self, hosts: Sequence[str], commands: Callable[[str], Iterable[str]]) -> str:
        return _blocks((host or _HERE, commands(host)) for host in dict.fromkeys(hosts))


def _blocks(parts: Iterable[tuple[str, Iterable[str]]]) -> str:
    return "\n\n".join("\n".join([f"# on {where}", *lines]) for where, lines in parts)
