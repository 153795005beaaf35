"""Parts of a fleet file for what runs here: the etcd of a cluster, and a store in the S3 server.

Secrets are named by reference, as everywhere; the files they are in belong to the testbed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from slackwater.testing.fleet_stores import keys_in, secret_in
from slackwater_testbed.cluster import Cluster
from slackwater_testbed.control_plane import ControlPlane
from slackwater_testbed.engines import binary
from slackwater_testbed.etcd import ROOT, EtcdCluster, EtcdMember
from slackwater_testbed.host import command
from slackwater_testbed.objectstore import REGION, ObjectStore

Entry = dict[str, object]
_NOTHING = [sys.executable, "-c", ""]


def etcdctl_settings(etcd: EtcdCluster, *, store: str) -> Entry:
    """Return what backs this etcd up into `store`: endpoints, certificates, user, programs."""
    folder, family = etcd.machine.folder, etcd.setup.family
    settings: Entry = {
        "endpoints": list(etcd.endpoints),
        "tls": {
            "ca": f"file:{etcd.authority}",
            "cert": f"file:{etcd.client.certificate}",
            "key": f"file:{etcd.client.key}",
        },
        "store": store,
        **{name: str(binary(name, family)) for name in ("etcdctl", "etcdutl", "etcd")},
    }
    if etcd.password_file.exists():
        user = secret_in(folder / "etcd-root-name", ROOT)
        settings |= {"user": user, "password": f"file:{etcd.password_file}"}
    return settings


def restore_settings(plane: ControlPlane | EtcdCluster, prepare_in: Path) -> Entry:
    """Return what restores it by commands; each server plays a host of its own."""
    etcd = plane if isinstance(plane, EtcdCluster) else plane.etcd
    settings: Entry = {
        "mode": "commands",
        "prepare_in": str(prepare_in),
        "members": [_member(etcd, member) for member in etcd.members],
    }
    if isinstance(plane, ControlPlane):
        settings["api_servers"] = [_host(plane.folder, "apiserver", "stop", "start")]
        watching = ["controller-manager", *(["velero"] if isinstance(plane, Cluster) else [])]
        settings["restart"] = [command(plane.folder, "restart", server) for server in watching]
    else:
        # The settings ask for one, and here is none.
        settings["api_servers"] = [{"host": etcd.name, "stop": _NOTHING, "start": _NOTHING}]
    return settings


def store_entry(objectstore: ObjectStore, *, bucket: str = "vault", prefix: str = "") -> Entry:
    """Return an entry of `stores:` for a bucket of the S3 server, which is made if it is not there.

    Its age key pair is made with it; later entries for the bucket have the same.
    """
    objectstore.make_bucket(bucket)
    folder = objectstore.machine.folder
    identity = keys_in(folder / f"{bucket}.age")
    keys = {
        name: secret_in(folder / name.replace("_", "-"), value)
        for name, value in objectstore.credentials.items()
    }
    return {
        "url": f"s3://{bucket}/{prefix}".rstrip("/"),
        "endpoint": objectstore.endpoint,
        "region": REGION,
        "path_style": True,
        "ca": f"file:{objectstore.authority}",
        **keys,
        **identity,
    }


def _member(etcd: EtcdCluster, member: EtcdMember) -> Entry:
    commands = _host(etcd.machine.folder, member.server.name, "stop", "start", "health")
    return {
        "name": member.name,
        "host": commands.pop("host"),
        "peer_url": member.peer_url,
        "data_dir": str(member.data_dir),
        "commands": commands,
    }


def _host(folder: Path, server: str, *acts: str) -> Entry:
    """Return the commands for a server, which plays a host of its own."""
    commands = {act: command(folder, act, server) for act in acts}
    return {"host": f"{folder.name}-{server}", **commands}
