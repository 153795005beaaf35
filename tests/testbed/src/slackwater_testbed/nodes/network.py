"""The network between machines: a bridge in one of them, a cable to each of the others.

It has no way out: the bridge's machine is everybody's default route and has none itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from slackwater_testbed.errors import TestbedError
from slackwater_testbed.nodes.machine import NamespacedMachine
from slackwater_testbed.nodes.system import program

BRIDGE = "bridge"
HUB_ADDRESS = "10.77.0.1"
ALL_PODS = "10.88.0.0/16"


def node_address(number: int) -> str:
    """Return the address of the machine with this number, from 1 on."""
    return f"10.77.0.{10 + number}"


def pods_of(number: int) -> str:
    """Return the addresses of the pods on the machine with this number."""
    return f"10.88.{number}.0/24"


class Network:
    """The bridge in `hub`, and what can be done to the cables."""

    def __init__(self, hub: NamespacedMachine) -> None:
        self._hub = hub

    def install(self) -> None:
        """Make the bridge."""
        self._ip("link", "add", BRIDGE, "type", "bridge")
        self._ip("address", "add", f"{HUB_ADDRESS}/24", "dev", BRIDGE)
        self._ip("link", "set", BRIDGE, "up")

    def connect(self, machine: NamespacedMachine, number: int) -> None:
        """Lay the cable to a machine, and let its pods speak with other machines."""
        cable, process = _cable(number), str(machine.pid)
        with suppress(TestbedError):  # the kernel takes its time to remove that of a dead machine
            self._ip("link", "delete", cable)
        self._ip(*("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", process))
        self._ip("link", "set", cable, "master", BRIDGE, "up")
        ip = program("ip")
        machine.run_in_network(ip, "address", "add", f"{node_address(number)}/24", "dev", "eth0")
        machine.run_in_network(ip, "link", "set", "eth0", "up")
        # It leads nowhere, and yet without it nobody finds the addresses of services.
        machine.run_in_network(ip, "route", "add", "default", "via", HUB_ADDRESS)
        machine.run(
            *(program("iptables"), "-w", "-t", "nat", "-A", "POSTROUTING"),
            *("-s", pods_of(number), "!", "-d", ALL_PODS, "-j", "MASQUERADE"),
        )

    def cut(self, number: int) -> None:
        """Pull the cable of a machine."""
        self._ip("link", "set", _cable(number), "down")

    def mend(self, number: int) -> None:
        """Plug it in again."""
        self._ip("link", "set", _cable(number), "up")

    def slow_down(self, machine: NamespacedMachine, number: int, rate: str) -> None:
        """Let what goes to and from a machine pass at this rate, such as `8mbit`, each way."""
        bucket = ("tbf", "rate", rate, "burst", "64kb", "latency", "400ms")
        for end, device in self._ends(machine, number):
            end.run_in_network(program("tc"), "qdisc", "replace", "dev", device, "root", *bucket)

    def speed_up(self, machine: NamespacedMachine, number: int) -> None:
        """Let it pass as it can again; nothing where it does."""
        for end, device in self._ends(machine, number):
            with suppress(TestbedError):
                end.run_in_network(program("tc"), "qdisc", "delete", "dev", device, "root")

    def _ends(
        self, machine: NamespacedMachine, number: int
    ) -> Iterator[tuple[NamespacedMachine, str]]:
        yield machine, "eth0"
        yield self._hub, _cable(number)

    def _ip(self, *arguments: str) -> None:
        self._hub.run_in_network(program("ip"), *arguments)


def _cable(number: int) -> str:
    return f"cable-{number}"
