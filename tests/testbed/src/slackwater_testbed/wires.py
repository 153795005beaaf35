"""Wires to several clusters for one service account: what subjects of the conformance kit use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from slackwater.testing.conformance import Trouble
from slackwater.testing.request_troubles import befall, struck
from slackwater_testbed.api_wire import ApiWire, api_wire
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.kubectl import Object

RBAC = "rbac.authorization.k8s.io"


class Wires:
    """A wire to each control plane; `kubeconfigs` lead there, by the planes' names, and have in
    them the `tokens` of the account.
    """

    def __init__(
        self, wires: Sequence[ApiWire], namespace: str, account: str, folder: Path
    ) -> None:
        self._wires = wires
        planes = [wire.plane for wire in wires]
        self.tokens = tuple(plane.token(namespace, account) for plane in planes)
        self.kubeconfigs = {
            wire.plane.name: wire.login(account, token).write(
                folder / f"{wire.plane.name}.kubeconfig"
            )
            for wire, token in zip(wires, self.tokens, strict=True)
        }

    @property
    def passed(self) -> int:
        """How many requests were answered by the servers so far."""
        return sum(wire.passed for wire in self._wires)

    def befall(self, trouble: Trouble, *, lists: str, retry_after: float, slow: float) -> None:
        """Let a trouble with requests happen on each wire; anything else is none of theirs."""
        for wire in self._wires:
            befall(wire.faults, trouble, lists=lists, retry_after=retry_after, slow=slow)

    @property
    def struck(self) -> bool:
        """Whether what was to go wrong has gone wrong, on one wire at least."""
        return struck(wire.faults for wire in self._wires)

    def heal(self) -> None:
        """Let everything pass again."""
        for wire in self._wires:
            wire.faults.clear()


@contextmanager
def lay_wires(
    planes: Iterable[ControlPlane], namespace: str, account: str, folder: Path
) -> Iterator[Wires]:
    """Lay a wire to each control plane until the block is left; kubeconfigs lie in the folder."""
    with ExitStack() as laid:
        yield Wires(
            [laid.enter_context(api_wire(plane)) for plane in planes], namespace, account, folder
        )


def administrator(namespace: str, account: str) -> Object:
    """Return what gives a service account every right; it has the account's name."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": account},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": account}],
    }
