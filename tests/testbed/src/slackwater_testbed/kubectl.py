"""kubectl, as the tests' own way to look at and change a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slackwater_testbed.engines import binary
from slackwater_testbed.errors import KubectlFailed, WaitTimedOut

SECONDS_BETWEEN_LOOKS = 0.25

Object = dict[str, Any]


class Kubectl:
    """kubectl with one kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def run(self, *arguments: str, stdin: str = "", seconds: float = 120) -> str:
        """Run kubectl and return its output. Raise KubectlFailed with its error."""
        # Its caches stay beside the kubeconfig, out of the user's home.
        home = str(self.kubeconfig.parent)
        done = subprocess.run(
            [str(binary("kubectl")), "--kubeconfig", str(self.kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            env={"PATH": os.defpath, "HOME": home},
        )
        if done.returncode != 0:
            raise KubectlFailed(arguments, done.stderr)
        return done.stdout

    def apply(self, manifests: str) -> None:
        """Apply YAML documents, server-side, winning every conflict."""
        self.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifests)

    def get(self, resource: str, name: str, namespace: str = "default") -> Object | None:
        """Return an object, or None if there is none of that name (or no such kind yet)."""
        found = self.run("get", resource, name, "-n", namespace, "-o", "json", "--ignore-not-found")
        return dict(json.loads(found)) if found.strip() else None

    def wait_for(
        self,
        resource: str,
        name: str,
        condition: Callable[[Object], bool],
        *,
        namespace: str = "default",
        seconds: float = 60,
    ) -> Object:
        """Wait until an object exists and satisfies the condition; return it.

        Raise WaitTimedOut with the object's last status. A cluster that does not answer is
        waited for too.
        """
        deadline = time.monotonic() + seconds
        while True:
            found, last = self._look(resource, name, namespace)
            if found is not None and condition(found):
                return found
            if time.monotonic() > deadline:
                raise WaitTimedOut(f"{resource} {name} in {namespace}, {seconds:.0f} s: {last}")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _look(self, resource: str, name: str, namespace: str) -> tuple[Object | None, str]:
        try:
            found = self.get(resource, name, namespace)
        except KubectlFailed as error:
            return None, error.output.strip()
        if found is None:
            return None, "it does not exist"
        return found, f"status {json.dumps(found.get('status'))}"
