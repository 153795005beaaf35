"""What `velero install` would put into a cluster, less the running Deployment."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import yaml

from slackwater_testbed.objectstore import BUCKET, REGION, ObjectStore

NAMESPACE = "velero"
DEFAULT_LOCATION = "default"
IMAGE = "velero/velero:v1.18.3"
SECRET, SECRET_KEY = "cloud-credentials", "cloud"


def installation(credentials: Mapping[str, str]) -> str:
    """Return namespace, credentials and Deployment.

    The Deployment has no replicas. It is there because restores look it up, and because clients
    read the version from its image.
    """
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    return yaml.safe_dump_all([namespace, _deployment()]) + "---\n" + secret(credentials)


def secret(credentials: Mapping[str, str]) -> str:
    """Return the credentials for the object store."""
    return yaml.safe_dump({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": NAMESPACE},
        "stringData": {SECRET_KEY: credentials_file(credentials)},
    })  # fmt: skip


def location(
    name: str,
    store: ObjectStore,
    *,
    prefix: str,
    access_mode: str,
    default: bool,
    names_secret: bool,
) -> str:
    """Return a BackupStorageLocation over a prefix of the shared bucket.

    Where it does not name the Secret, it is opened with what the server was started with.
    """
    authority = base64.b64encode(store.authority.read_bytes()).decode()
    spec = {
        "provider": "aws",
        "default": default,
        "accessMode": access_mode,
        "backupSyncPeriod": "1s",
        "validationFrequency": "5s",
        "objectStorage": {"bucket": BUCKET, "prefix": prefix, "caCert": authority},
        **({"credential": {"name": SECRET, "key": SECRET_KEY}} if names_secret else {}),
        "config": {
            "region": REGION,
            "s3ForcePathStyle": "true",
            "s3Url": store.inner_endpoint,
            "checksumAlgorithm": "",
            **_way_from_outside(store),
        },
    }
    return yaml.safe_dump({
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    })  # fmt: skip


def _way_from_outside(store: ObjectStore) -> dict[str, str]:
    """Return where Velero's clients download from, if that is another way than its own."""
    return {} if store.endpoint == store.inner_endpoint else {"publicUrl": store.endpoint}


def _deployment() -> dict[str, Any]:
    labels = {"component": "velero", "deploy": "velero"}
    container = {"name": "velero", "image": IMAGE, "command": ["/velero"], "args": ["server"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "velero", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"deploy": "velero"}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def credentials_file(credentials: Mapping[str, str]) -> str:
    """Return the text of a file of credentials as the S3 plugin reads it."""
    return (
        "[default]\n"
        f"aws_access_key_id={credentials['access_key']}\n"
        f"aws_secret_access_key={credentials['secret_key']}\n"
    )
