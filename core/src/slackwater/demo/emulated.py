"""The embedded stage: emulated API servers and emulated tools, in this process, on loopback."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from slackwater.backend.plugin_loading import load_plugins
from slackwater.demo.stage import NAMES, Said, Stage
from slackwater.testing.fleet_stores import folder_entry
from slackwater.testing.kubernetes_api import KubernetesApi, disks, serve

EMULATORS = "slackwater.emulators"
"""Entry point group: each plugin's emulator of its tool. Its ``EMULATOR`` has

``title``              what is emulated, in words; else the tool's name
``clusters``           in which clusters of the stage the tool is; all, where it does not say
``install(apis)``      a context manager that starts it in these clusters (``pace``: seconds of a
                       step); ``settings`` of what it gives stands under the tool in a fleet file
"""
STORE = "vault"


class EmulatedStage(Stage):
    """Emulated API servers, with the emulator of every plugin that has one where it plays.

    ``pace`` is the time of one step of a tool in seconds; by default each has its own.
    """

    def __init__(self, pace: float | None = None) -> None:
        self._pace = {} if pace is None else {"pace": pace}
        self._running = ExitStack()
        self._clusters: dict[str, ExitStack] = {}
        self._apis: dict[str, KubernetesApi] = {}
        self._tools: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {}
        self._titles: list[str] = []
        self._folder = Path()

    @property
    def introduction(self) -> str:
        """Say what is emulated."""
        tools = ", ".join(self._titles) or "no tool"
        return (
            f"The clusters are emulated in this process, and so are their tools: {tools}."
            "\nThe command line, the plugins and all that they say over HTTP are real."
            "\nNo control plane is turned back here, for there is none; make demo REAL=1 has some."
        )

    def open(self, folder: Path) -> Path:
        """Serve the clusters and start the emulators."""
        self._folder, kubeconfig = folder, folder / "kubeconfig"
        for name in NAMES:
            api = self._apis[name] = KubernetesApi(name)
            own = self._clusters[name] = self._running.enter_context(ExitStack())
            own.enter_context(serve(api)).kubeconfig(kubeconfig, context=name)
        for point in entry_points(group=EMULATORS):
            self._install(point.name, point.load().EMULATOR)
        for api in self._apis.values():
            disks.add_disks(api)
        return kubeconfig

    def _install(self, tool: str, emulator: Any) -> None:  # noqa: ANN401  of a plugin
        chosen = tuple(name for name in NAMES if name in getattr(emulator, "clusters", NAMES))
        apis = {name: self._apis[name] for name in chosen}
        installed = self._running.enter_context(emulator.install(apis, **self._pace))
        self._titles.append(str(getattr(emulator, "title", tool)))
        self._tools[tool] = (chosen, dict(getattr(installed, "settings", {})))

    def said(self) -> Said:
        """Return the tools' settings, and a store for those that have none of their own."""
        kinds = load_plugins().types
        backends: dict[str, dict[str, dict[str, object]]] = {name: {} for name in NAMES}
        for tool, (clusters, settings) in self._tools.items():
            needs = tool in kinds and "store" in kinds[tool].settings.model_fields
            for name in clusters:
                backends[name][tool] = settings | ({"store": STORE} if needs else {})
        return Said({STORE: folder_entry(self._folder / STORE)}, backends)

    def put_volume(self, cluster: str, namespace: str, claim: str, data: bytes) -> bool:
        """Put a volume; every emulated cluster has disks."""
        disks.put_volume(self._apis[cluster], namespace, claim, data.decode())
        return True

    def write(self, cluster: str, namespace: str, claim: str, data: bytes) -> None:
        """Write other data on a volume."""
        disks.write(self._apis[cluster], namespace, claim, data.decode())

    def read(self, cluster: str, namespace: str, claim: str) -> bytes | None:
        """Return the data on a volume."""
        found = disks.data_on(self._apis[cluster], namespace, claim)
        return None if found is None else found.encode()

    def stop_cluster(self, name: str) -> None:
        """Close the cluster's port: whoever calls it is refused."""
        self._clusters[name].close()

    def close(self) -> None:
        """Stop serving."""
        self._running.close()
