"""Container images, made here from programs that are here: nothing is ever pulled."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slackwater_testbed.engines import binary
from slackwater_testbed.nodes.system import program

BASE = "docker.io/slackwater/base:1"
VELERO = "velero/velero:v1.18.3"
AWS_PLUGIN = "velero/velero-plugin-for-aws:v1.14.3"
_APPLETS = (
    *("sh", "cat", "cp", "date", "dd", "echo", "find", "grep", "head", "ls", "mkdir", "mv", "rm"),
    *("sha256sum", "sleep", "sync", "tail", "test", "touch", "true", "wc", "nc", "env", "sort"),
)
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """An image of one layer: files by their path within, and what is started."""

    name: str
    files: Mapping[str, Path]
    entrypoint: Sequence[str]

    def write(self, file: Path) -> Path:
        """Write it as `docker save` does; return the file."""
        layer = file.with_suffix(".layer")
        digest = self._write_layer(layer)
        config = json.dumps(self._config(digest)).encode()
        config_name = f"{hashlib.sha256(config).hexdigest()}.json"
        listed = [{"Config": config_name, "RepoTags": [self.name], "Layers": ["layer.tar"]}]
        with tarfile.open(file, "w") as archive:
            archive.add(layer, "layer.tar")
            _add_bytes(archive, config_name, config)
            _add_bytes(archive, "manifest.json", json.dumps(listed).encode())
        layer.unlink()
        return file

    def _write_layer(self, file: Path) -> str:
        """Write what the image is of, and return its digest."""
        with tarfile.open(file, "w") as layer:
            for folder in ("tmp", "data", "root"):
                _add_folder(layer, folder)
            for path, source in self.files.items():
                layer.add(source, path, filter=_executable)
            for applet in _APPLETS:
                _add_link(layer, f"bin/{applet}", "busybox")
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    def _config(self, digest: str) -> dict[str, object]:
        return {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Env": ["PATH=/bin", "HOME=/root"], "Entrypoint": list(self.entrypoint)},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }


def base() -> Image:
    """Return the image of sandboxes and of what tests run."""
    return Image(BASE, _busybox(), ["/bin/sleep", "infinity"])


def of_velero() -> list[Image]:
    """Return the images of Velero and of its plugin."""
    busybox, plugin = _busybox(), "plugins/velero-plugin-for-aws"
    return [
        Image(
            VELERO,
            {
                **busybox,
                "velero": binary("velero", "velero-pods"),
                "velero-restore-helper": binary("velero-restore-helper", "velero-pods"),
            },
            ["/velero"],
        ),
        Image(
            AWS_PLUGIN,
            {**busybox, plugin: binary("velero-plugin-for-aws", "velero")},
            ["/bin/cp", f"/{plugin}", "/target/velero-plugin-for-aws"],
        ),
    ]


def write_all(folder: Path, *, with_velero: bool) -> list[Path]:
    """Write what the clusters need into a folder; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [base(), *(of_velero() if with_velero else [])]
    return [image.write(folder / f"{number}.tar") for number, image in enumerate(wanted)]


def _busybox() -> dict[str, Path]:
    return {"bin/busybox": Path(program("busybox")).resolve()}


def _executable(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o755
    member.uid = member.gid = 0
    return member


def _add_folder(archive: tarfile.TarFile, name: str) -> None:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
    archive.addfile(folder)


def _add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    link = tarfile.TarInfo(name)
    link.type, link.linkname = tarfile.SYMTYPE, target
    archive.addfile(link)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
