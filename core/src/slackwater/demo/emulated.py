"""The embedded stage: emulated API servers and emulated tools, in this process, on loopback."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path

from slackwater.demo.stage import Stage
from slackwater.testing.kubernetes_api import KubernetesApi, serve

NAMES = ("prod-eu", "prod-us", "dr-eu")
EMULATORS = "slackwater.emulators"
"""Entry point group: each plugin's emulator of its tool; ``install(apis)`` starts it."""


class EmulatedStage(Stage):
    """Three emulated API servers, with the emulator of every plugin that has one."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._clusters: dict[str, ExitStack] = {}
        self._tools: list[str] = []

    @property
    def introduction(self) -> str:
        """Say what is emulated."""
        tools = ", ".join(self._tools) or "no tool"
        return (
            f"The clusters and {tools} are emulated in this process; the command line, the plugins"
            "\nand all that they say over HTTP are real. make demo REAL=1 plays it on real ones,"
            "\nand turns a whole control plane back too: that act is left out here."
        )

    def open(self, folder: Path) -> Path:
        """Serve the clusters and start the emulators."""
        kubeconfig = folder / "kubeconfig"
        apis = {name: KubernetesApi(name) for name in NAMES}
        for name, api in apis.items():
            own = self._running.enter_context(ExitStack())
            own.enter_context(serve(api)).kubeconfig(kubeconfig, context=name)
            self._clusters[name] = own
        for point in entry_points(group=EMULATORS):
            self._running.enter_context(point.load().EMULATOR.install(apis))
            self._tools.append(point.name)
        return kubeconfig

    def stop_cluster(self, name: str) -> None:
        """Close the cluster's port: whoever calls it is refused."""
        self._clusters[name].close()

    def close(self) -> None:
        """Stop serving."""
        self._running.close()
