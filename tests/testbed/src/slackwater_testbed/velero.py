"""Velero in a cluster; here its server is a process beside it."""

from __future__ import annotations

import subprocess
from functools import cached_property

from slackwater_testbed import velero_manifests
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.engines import binary
from slackwater_testbed.kubectl import Object
from slackwater_testbed.objectstore import ObjectStore
from slackwater_testbed.server import Server, answers
from slackwater_testbed.velero_manifests import DEFAULT_LOCATION, NAMESPACE

CREDENTIALS = "credentials"

# As quick as its flags allow. Schedules, sync and queue still look only once a minute.
QUICK = (
    "--store-validation-frequency=5s",
    "--backup-sync-period=1s",
    "--item-operation-sync-frequency=2s",
    "--garbage-collection-frequency=1m",
    "--resource-timeout=20s",
    "--terminating-resource-timeout=30s",
    "--client-qps=500",
    "--client-burst=500",
)


class Velero:
    """Velero in one cluster, with a writable location of its own in the shared bucket."""

    _names_secret = False
    """Whether its locations name the Secret; if not, the server is started with credentials."""

    def __init__(self, cluster: ControlPlane, store: ObjectStore) -> None:
        self._cluster = cluster
        self._store = store

    def add_own_location(self) -> None:
        """Apply the location `default`, to which this cluster's backups go."""
        self.add_location(
            DEFAULT_LOCATION, prefix=self._cluster.name, access_mode="ReadWrite", default=True
        )

    def add_location(
        self, name: str, *, prefix: str, access_mode: str = "ReadOnly", default: bool = False
    ) -> None:
        """Apply a BackupStorageLocation over a part of the shared bucket.

        Another cluster's backups are under the prefix that is its name. They appear at the next
        sync, up to a minute later; `sync` need not wait for it.
        """
        self._cluster.apply(
            velero_manifests.location(
                name,
                self._store,
                prefix=prefix,
                access_mode=access_mode,
                default=default,
                names_secret=self._names_secret,
            )
        )

    def wait_available(self, location: str = DEFAULT_LOCATION) -> Object:
        """Wait until Velero calls a location Available; return it."""
        return self.wait_for_phase("backupstoragelocation", location, "Available")

    def wait_for_phase(self, resource: str, name: str, *phases: str, seconds: float = 90) -> Object:
        """Wait until an object of Velero's is in one of these phases; return it."""
        return self._cluster.wait_for(
            f"{resource}.velero.io",
            name,
            lambda found: found.get("status", {}).get("phase") in phases,
            namespace=NAMESPACE,
            seconds=seconds,
        )


class VeleroServer(Velero):
    """The server alone.

    Without nodes there is no node-agent and there are no hooks; Velero's own objects, the backup
    and restore of API objects, sync, schedules, deletion and downloads are all real.

    As `velero install` has it, the server finds its credentials in a file that nobody writes to
    while it runs. Where a location names a Secret, each of Velero's controllers writes that file
    anew whenever it opens the store (1.18.3, `internal/credentials/file_store.go`); one that reads
    it half-written calls the location Unavailable until the next look.
    """

    @cached_property
    def server(self) -> Server:
        """The server's process."""
        machine, folder = self._cluster.machine, self._cluster.folder / "velero"
        metrics = f"{machine.address}:{machine.port('velero-metrics')}"
        argv = [
            str(binary("velero")),
            "server",  # first, or the plugins that it starts as itself get wrong arguments
            f"--kubeconfig={self._cluster.kubeconfig}",
            f"--namespace={NAMESPACE}",
            f"--plugin-dir={binary('velero-plugin-for-aws').parent}",
            f"--metrics-address={metrics}",
            f"--profiler-address={machine.address}:{machine.port('velero-profiler')}",
            *QUICK,
        ]
        environment = {
            "VELERO_NAMESPACE": NAMESPACE,
            "VELERO_SCRATCH_DIR": str(folder),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / CREDENTIALS),
        }
        ready = f"http://{metrics}/metrics"
        return Server("velero", machine, argv, lambda: answers(ready), environment)

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self.server.running

    def install(self) -> None:
        """Apply the CRDs and what `velero install` would make, and the location `default`."""
        self._cluster.apply(self._crds())
        self._cluster.apply(velero_manifests.installation(self._store.credentials))
        self.add_own_location()

    def sync(self, location: str = DEFAULT_LOCATION) -> None:
        """Have Velero look for new backups now: it does when it starts, if it knows the location.

        Without this it looks once a minute, and no flag changes that.
        """
        self.wait_available(location)
        self.kill()
        self.start()

    def start(self) -> None:
        """Start the server if it does not run, and wait until it answers."""
        folder = self._cluster.folder / "velero"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / CREDENTIALS).exists():
            (folder / CREDENTIALS).touch(mode=0o600)
            told = velero_manifests.credentials_file(self._store.credentials)
            (folder / CREDENTIALS).write_text(told)
        self.server.start()

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.server.stop()

    def kill(self) -> None:
        """End it at once, and its plugins with it (SIGKILL)."""
        self.server.kill()

    def _crds(self) -> str:
        command = [str(binary("velero")), "install", "--crds-only", "--dry-run", "-o", "yaml"]
        home = {"HOME": str(self._cluster.folder)}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=home).stdout
