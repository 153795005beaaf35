"""Who brings a snapshot of etcd, encrypted, into the bucket. Each run is a process of its own.

``python -m tests.benchmarks.snapshot_contenders NAME FOLDER RUN`` prints one JSON object: what it
cost. Modules are loaded before the clock starts, for every contender alike. The others use etcdctl
and zstd as they are installed, and for age and the upload the libraries that Slackwater uses
(``pyrage``, ``obstore``). Nothing of the snapshot is checked by them, beyond what etcdctl does.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeAlias

from .snapshot_stage import Stage

Act: TypeAlias = Callable[[], object]
"""What is measured."""

_MIB = 1024 * 1024
_ZSTD = ("zstd", "-q", "-T0")
_LOADED_BY_FIRST_USE = ("kubernetes.client", "kubernetes.config", "obstore", "pyrage", "zstandard")
_SILENT = """
apiVersion: v1
kind: Config
current-context: east
clusters: [{name: east, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: east, context: {cluster: east, user: east}}]
users: [{name: east, user: {}}]
"""
"""Nothing listens there: an etcd may be saved while the API server is down."""


def ours(stage: Stage, run: str) -> Act:
    """Perform the backup of the etcdctl backend: saved, checked, encrypted, stored, manifest."""
    for module in _LOADED_BY_FIRST_USE:
        importlib.import_module(module)
    from slackwater.backend import Context
    from slackwater.clusters import Cluster
    from slackwater.fleet import StoreEntry
    from slackwater.model.act import Key
    from slackwater.model.recovery_point import Requirement, Stamp
    from slackwater.model.request import BackupRequest
    from slackwater.model.workload import Workload, WorkloadKind
    from slackwater.stores import open_store
    from slackwater_etcdctl.backend import EtcdctlBackend
    from slackwater_etcdctl.settings import EtcdctlSettings

    folder, now = Path(stage.folder), datetime.now(UTC)

    def secret(reference: str) -> str:
        known = {"env:ACCESS_KEY": stage.access_key, "env:SECRET_KEY": stage.secret_key}
        return known.get(reference) or Path(reference.removeprefix("file:")).read_text()

    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(_SILENT)
    entry = StoreEntry(
        url=f"s3://{Path(stage.bucket).name}/ours",
        endpoint=stage.s3,
        region=stage.region,
        path_style=True,
        ca=f"file:{stage.s3_ca}",
        access_key="env:ACCESS_KEY",
        secret_key="env:SECRET_KEY",
        encrypt_to=(stage.recipient,),
    )
    settings = EtcdctlSettings(
        endpoints=(stage.endpoint,),
        tls={"ca": f"file:{stage.ca}", "cert": f"file:{stage.cert}", "key": f"file:{stage.key}"},
        store="vault",
        etcdctl=stage.etcdctl,
        etcdutl=stage.etcdutl,
    )
    context = Context(
        cluster=Cluster("east", kubeconfig=kubeconfig, timeout=1.0),
        secret=secret,
        spool=folder / "spool",
        clock=lambda: now,
        store=lambda name: open_store(name, entry, secret, tool="etcdctl", clock=lambda: now),
    )
    request = BackupRequest(
        workload=Workload(cluster="east", kind=WorkloadKind.CONTROL_PLANE),
        require=(Requirement.OBJECTS,),
        due=now,
        stamp=Stamp(cluster="east", cluster_uid="", run=run),
    )
    backend = EtcdctlBackend(settings, context)
    (act,) = backend.plan_backup(request).acts
    return lambda: backend.perform(act, Key(run=run, step="1"), _Unheard())


def by_steps(stage: Stage, run: str) -> Act:
    """One step after the other, with a file between each two."""
    import pyrage
    from pyrage.x25519 import Recipient

    plain, packed, sealed = (Path(stage.folder) / f"{run}.db{end}" for end in ("", ".zst", ".age"))
    recipient, put = Recipient.from_str(stage.recipient), _upload(stage, run)

    def act() -> None:
        _save(stage, plain)
        subprocess.run([*_ZSTD, str(plain), "-o", str(packed)], check=True)
        pyrage.encrypt_file(str(packed), str(sealed), [recipient])
        put(sealed)
        for file in (plain, packed, sealed):
            file.unlink()

    return act


def by_pipe(stage: Stage, run: str) -> Act:
    """Save, then everything else at once: ``zstd -c FILE | age | upload``."""
    import pyrage
    from pyrage.x25519 import Recipient

    plain = Path(stage.folder) / f"{run}.db"
    recipient, put = Recipient.from_str(stage.recipient), _upload(stage, run)

    def encrypt(source: BinaryIO, into: int) -> None:
        with open(into, "wb", buffering=_MIB) as target:
            pyrage.encrypt_io(source, target, [recipient])

    def act() -> None:
        _save(stage, plain)
        sealed, into = os.pipe()
        argv = [*_ZSTD, "-c", str(plain)]
        with (
            subprocess.Popen(argv, stdout=subprocess.PIPE) as packed,
            ThreadPoolExecutor() as pool,
            open(sealed, "rb", buffering=_MIB) as source,  # noqa: PTH123  a pipe
        ):
            encrypted = pool.submit(encrypt, packed.stdout, into)
            put(iter(lambda: source.read(_MIB), b""))
            encrypted.result()
        assert packed.returncode == 0
        plain.unlink()

    return act


CONTENDERS: Mapping[str, Callable[[Stage, str], Act]] = {
    "ours": ours,
    "steps": by_steps,
    "pipe": by_pipe,
}


class _Unheard:
    """A report that nobody hears."""

    stopping = False

    def progress(self, progress: object) -> None:
        """Hear nothing."""


def _save(stage: Stage, file: Path) -> None:
    argv = [stage.etcdctl, *stage.tls, "snapshot", "save", str(file)]
    subprocess.run(argv, check=True, capture_output=True)


def _upload(stage: Stage, run: str) -> Callable[[Path | Iterator[bytes]], None]:
    import obstore
    from obstore.store import S3Store

    store = S3Store(
        Path(stage.bucket).name,
        endpoint=stage.s3,
        region=stage.region,
        virtual_hosted_style_request=False,
        access_key_id=stage.access_key,
        secret_access_key=stage.secret_key,
        client_options={"root_certificate": Path(stage.s3_ca).read_text()},
    )

    def put(source: Path | Iterator[bytes]) -> None:
        obstore.put(store, f"others/{run}.age", source, use_multipart=True, chunk_size=8 * _MIB)

    return put


def main() -> None:
    """Run one contender and print what it cost."""
    name, folder, run = sys.argv[1:]
    act = CONTENDERS[name](Stage.read(Path(folder)), run)
    wall, processor = time.perf_counter(), _processor_seconds()
    act()
    cost = {
        "seconds": time.perf_counter() - wall,
        "processor_seconds": _processor_seconds() - processor,
        "peak_mib": max(used.ru_maxrss for used in _used()) / 1024,
    }
    print(json.dumps(cost))


def _used() -> list[resource.struct_rusage]:
    """Of this process, and of the programs that it ran: the largest counts for memory."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return [resource.getrusage(who) for who in whose]


def _processor_seconds() -> float:
    return sum(used.ru_utime + used.ru_stime for used in _used())


if __name__ == "__main__":
    main()
