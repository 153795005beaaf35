"""What a cluster has before K10 restores into it."""

from __future__ import annotations

from slackwater.testing.kubernetes_api import KubernetesApi


def add_classes(api: KubernetesApi, *names: str) -> None:
    """Put storage classes: K10 restores no claim whose class is not there."""
    for name in names:
        api.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "provisioner": "emulated",
            }
        )
