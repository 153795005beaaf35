"""Object storage in this process: buckets by endpoint and name, shared by all clusters."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from slackwater_velero.emulator.objects import Object
from slackwater_velero.store_identity import endpoint


class StoreError(Exception):
    """The store refuses, or does not answer; in the words of an S3 server."""


@dataclass
class Bucket:
    """Files by key. ``down``: nothing answers; ``missing``: there is no such bucket."""

    files: dict[str, bytes] = field(default_factory=dict)
    down: bool = False


class Cloud:
    """All buckets. A bucket that nobody has created is refused, as real ones are."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._lock = threading.Lock()

    def create(self, address: str, name: str) -> Bucket:
        """Create a bucket at an endpoint (``s3://host``), or return the one that is there."""
        with self._lock:
            return self._buckets.setdefault((address, name), Bucket())

    def folder(self, location: Object) -> Folder:
        """Return the folder that a BackupStorageLocation means. Raises ``StoreError``."""
        spec = location["spec"]
        storage = spec.get("objectStorage") or {}
        address = endpoint(spec.get("provider", ""), spec.get("config"))
        bucket = self._buckets.get((address, storage.get("bucket", "")))
        if bucket is None:
            raise StoreError("NoSuchBucket: The specified bucket does not exist")
        if bucket.down:
            raise StoreError("RequestError: send request failed: connection refused")
        prefix = str(storage.get("prefix") or "").strip("/")
        return Folder(bucket, f"{prefix}/" if prefix else "")

    def contents(self) -> dict[str, list[str]]:
        """Return the keys of every bucket, by ``endpoint/bucket``."""
        return {
            f"{address}/{name}": sorted(bucket.files)
            for (address, name), bucket in self._buckets.items()
        }

    def read(self, address: str, name: str, key: str) -> bytes | None:
        """Return a file, or None where there is none."""
        bucket = self._buckets.get((address, name))
        return bucket.files.get(key) if bucket and not bucket.down else None


@dataclass(frozen=True)
class Folder:
    """A prefix of a bucket, in which one location keeps its files."""

    bucket: Bucket
    prefix: str

    def put(self, key: str, content: object) -> None:
        """Write plain data as packed JSON, and text packed as it is."""
        raw = content.encode() if isinstance(content, str) else msgspec.json.encode(content)
        self.bucket.files[self.prefix + key] = gzip.compress(raw, 1)

    def get(self, key: str) -> Any:  # noqa: ANN401  plain JSON of whatever shape
        """Return the plain data of a file. Raises ``StoreError``."""
        packed = self.bucket.files.get(self.prefix + key)
        if packed is None:
            raise StoreError(f"NoSuchKey: The specified key does not exist: {key}")
        return msgspec.json.decode(gzip.decompress(packed))

    def has(self, key: str) -> bool:
        """Whether there is such a file."""
        return self.prefix + key in self.bucket.files

    def folders(self, root: str) -> list[str]:
        """Return the names directly under a root, such as ``backups``."""
        start = f"{self.prefix}{root}/"
        return sorted({key[len(start) :].split("/")[0] for key in self._keys(start)})

    def remove(self, folder: str) -> None:
        """Remove everything under a folder."""
        for key in list(self._keys(f"{self.prefix}{folder}/")):
            del self.bucket.files[key]

    def _keys(self, start: str) -> Iterator[str]:
        return (key for key in list(self.bucket.files) if key.startswith(start))


def backup_files(name: str) -> Mapping[str, str]:
    """Return the keys of a backup's files, by the kind of download that asks for them."""
    root = f"backups/{name}/"
    return {
        "BackupLog": f"{root}{name}-logs.gz",
        "BackupResults": f"{root}{name}-results.gz",
        "BackupVolumeInfos": f"{root}{name}-volumeinfo.json.gz",
        "BackupResourceList": f"{root}{name}-resource-list.json.gz",
        "BackupContents": f"{root}{name}.tar.gz",
    }


def metadata_file(name: str) -> str:
    """Return the key of the Backup object itself, which makes a backup count."""
    return f"backups/{name}/velero-backup.json"


def restore_files(name: str) -> Mapping[str, str]:
    """Return the keys of a restore's files."""
    root = f"restores/{name}/restore-{name}-"
    return {
        "RestoreLog": f"{root}logs.gz",
        "RestoreResults": f"{root}results.gz",
        "RestoreResourceList": f"{root}resource-list.json.gz",
    }
